//go:build static || !(linux || darwin) || !(amd64 || arm64)

package libcrypto

import (
	"errors"
	"testing"
)

func TestAProgramWithoutItSaysSo(t *testing.T) {
	engine, err := Open()
	if engine != nil || !errors.Is(err, errNotBuilt) {
		t.Errorf("Open = %v, %v", engine, err)
	}
}

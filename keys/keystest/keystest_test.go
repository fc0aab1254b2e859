package keystest_test

import (
	"testing"
	"time"

	"github.com/walletport/walletport/keys/keystest"
)

func TestRingKeepsTheContract(t *testing.T) {
	keystest.Run(t, keystest.NewSource(keystest.Ring(t)), time.Now())
}

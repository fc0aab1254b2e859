package main

import (
	"strings"
	"testing"
)

func TestADayWithoutATimeIsRefused(t *testing.T) {
	if _, err := parseTime("2020-01-01"); err == nil || !strings.Contains(err.Error(), "2031-01-31T00:00:00Z") {
		t.Errorf("a day without a time: %v", err)
	}
}

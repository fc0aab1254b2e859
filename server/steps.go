package server

import (
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/telemetry"
)

// stepObserver turns the steps of calls and what keys do into metrics.
type stepObserver struct{ metrics *telemetry.Metrics }

func (o stepObserver) StepBegan(s act.Step) (end func()) { return o.metrics.StepBegan(string(s)) }

func (o stepObserver) KeyBegan(p keys.Purpose, op keys.Operation) (end func()) {
	return o.metrics.KeyBegan(string(p), string(op))
}

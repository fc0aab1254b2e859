package act

import "time"

// Step is a part of a call that takes its own time.
type Step string

// The steps of a call that are measured.
const (
	StepLookUp Step = "look_up" // until the sealed card is found, or not
	StepNonce  Step = "nonce"   // until the use of a nonce is durable, or refused
	StepOpen   Step = "open"    // until the card is open
	StepSeal   Step = "seal"    // until what is handed out is made of the open card
	StepRecord Step = "record"  // from then on until the record is durable
)

// StepObserver is told of the steps of calls, from the goroutines that take them, so its
// methods must return at once. Each step that began ends.
type StepObserver interface {
	StepBegan(s Step)
	StepEnded(s Step, took time.Duration)
}

// measure tells that a step began, and returns what tells that it ended.
func measure(o StepObserver, s Step) (end func()) {
	if o == nil {
		return func() {}
	}
	o.StepBegan(s)
	began := time.Now()
	return func() { o.StepEnded(s, time.Since(began)) }
}

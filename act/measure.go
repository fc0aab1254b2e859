package act

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

// StepObserver is told of the steps of calls, from the goroutines that take them, so it must
// return at once.
type StepObserver interface {
	// StepBegan tells that a step began; what it returns is called once, when the step ended.
	StepBegan(s Step) (end func())
}

// measure tells that a step began, and returns what tells that it ended.
func measure(o StepObserver, s Step) (end func()) {
	if o == nil {
		return func() {}
	}
	return o.StepBegan(s)
}

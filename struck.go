package walletport

// RedactedNumber stands in records and logs for a text that held a card number.
const RedactedNumber = "[redacted: card number]"

// Struck is the error of an act in whose record texts of the caller were replaced,
// because they hold a card number or may. Whoever keeps these texts too, in a log,
// must replace them: the request's ID by its SpareID, the client's id by
// RedactedNumber. What was answered is Err.
type Struck struct {
	Err                 error
	RequestID, ClientID bool
}

// Error returns the text of Err.
func (s *Struck) Error() string { return s.Err.Error() }

// Unwrap returns Err.
func (s *Struck) Unwrap() error { return s.Err }

package walletport

// RedactedNumber stands in records and logs for a text that held a card number.
const RedactedNumber = "[redacted: card number]"

// Redacted is the error of an act whose record does not repeat texts of the caller,
// because they hold a card number or may. Whoever keeps these texts too, in a log, must
// replace them: the request's ID by its SpareID, the client's id by RedactedNumber. What
// was answered is Err.
type Redacted struct {
	Err                 error
	RequestID, ClientID bool // which texts they are
}

// Error returns the text of Err.
func (r *Redacted) Error() string { return r.Err.Error() }

// Unwrap returns Err.
func (r *Redacted) Unwrap() error { return r.Err }

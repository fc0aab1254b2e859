package tokenapi

import (
	"errors"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// The operations that activate a token.
const (
	callCenterActivation = "CALL_CENTER_ACTIVATION" // [FIS-T]
	plainActivation      = "ACTIVATE"               // [FC]
)

// lifecycleJSON is the body of a change.
type lifecycleJSON struct {
	OperatorID      string `json:"operatorID"`
	OperationType   string `json:"operationType"`
	OperationReason string `json:"operationReason"`
	ActivationCode  string `json:"activationCode,omitempty"`
}

// ChangeToken asks for activation, suspension, resumption, or deletion, which is final.
// Visa has no list of reasons: operationReason is a sentence that support staff of wallets
// read, made of action, reason and note. A Note has at most 160 characters and no card
// number.
func (m *Messages) ChangeToken(in scheme.ChangeInput) (scheme.Command, error) {
	path, err := tokenPath(in.Ref, "lifecycle")
	if err != nil {
		return scheme.Command{}, err
	}
	if err := scheme.CheckNote(in.Note, maxNoteChars); err != nil {
		return scheme.Command{}, err
	}
	body := lifecycleJSON{OperatorID: operatorID(in.By), OperationReason: reasonSentence(in)}
	switch in.Action {
	case walletport.TokenActivate:
		body.OperationType = m.profile.Activation
		if body.OperationType == callCenterActivation {
			body.ActivationCode = m.profile.ActivationCode
		}
	case walletport.TokenSuspend:
		body.OperationType = "SUSPEND"
	case walletport.TokenResume:
		body.OperationType = "RESUME"
	case walletport.TokenDeactivate:
		body.OperationType = "DELETE"
	default:
		return scheme.Command{}, errors.New("token API: there is no such action")
	}
	request, err := m.request(in.Access.Secret, "POST", path, body)
	if err != nil {
		return scheme.Command{}, err
	}
	return scheme.Command{Name: "lifecycle", Request: request, Read: readChange}, nil
}

// readChange classifies an answer. Success is a 200 with an empty body; a JSON object that
// is no error is taken for one too.
func readChange(a scheme.Answer) scheme.Outcome {
	f := fault(a)
	switch {
	case f != nil:
		return f.Outcome(a)
	case len(a.Body) == 0:
		return scheme.Outcome{Effect: scheme.Done}
	}
	if _, f := read[struct{}](scheme.Access{}, a); f != nil {
		return f.Outcome(a)
	}
	return scheme.Outcome{Effect: scheme.Done}
}

// What the sentences begin and go on with.
var (
	actionWords = map[walletport.TokenAction]string{
		walletport.TokenActivate:   "Activated by the issuer",
		walletport.TokenSuspend:    "Suspended by the issuer",
		walletport.TokenResume:     "Resumed by the issuer",
		walletport.TokenDeactivate: "Deleted by the issuer",
	}
	reasonWords = map[walletport.TokenReason]string{
		walletport.TokenReasonLost:   ": device or card was reported lost",
		walletport.TokenReasonStolen: ": device or card was reported stolen",
		walletport.TokenReasonFraud:  ": fraud was suspected",
		walletport.TokenReasonClosed: ": the account is closed",
	}
)

func reasonSentence(in scheme.ChangeInput) string {
	sentence := actionWords[in.Action] + reasonWords[in.Reason] + "."
	if in.Note != "" {
		sentence += " " + in.Note
	}
	return sentence
}

// maxNoteChars leaves room for the sentence before a note: operationReason has at most 254
// characters [FIS-L, FIS-T].
const maxNoteChars = 160

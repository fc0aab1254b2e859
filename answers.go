package walletport

import "crypto/sha256"

// AnswerClaim is the claim of one request on an idempotency key of its client. It names
// neither: all that is kept of them are digests.
type AnswerClaim struct {
	Key     [sha256.Size]byte // of the client and its key
	Request [sha256.Size]byte // of all that says what is asked for
	// Holder is drawn for each claim. It tells a claim from another one of the same
	// request, which may take the place of one that nobody has answered in time.
	Holder [16]byte
	// Made is the id of what the request has made already under an earlier claim, whose holder
	// died before it was answered, or did not know; "" is nothing. What has this claim answers
	// for it, and does not make it again.
	Made string
}

// KeptAnswer is the first answer to a request under an idempotency key, as it is given
// again. It is stored as it is, so it has no card or token number and nothing personal.
type KeptAnswer struct {
	Status      int
	ContentType string // "" without a body
	Body        []byte
	Outcome     string // OutcomeOK or a problem code
	RequestID   string // of the request that was answered so
}

package door

import (
	"io"

	"github.com/google/uuid"

	"github.com/walletport/walletport"
)

const maxRequestIDBytes = 64

// isRequestID reports whether the caller's id is harmless; else one is made.
func isRequestID(text string) bool {
	return walletport.IsName(text, maxRequestIDBytes) && !walletport.ContainsPAN(text)
}

// newRequestID returns a UUID of version 7.
func newRequestID(random io.Reader) string {
	id, err := uuid.NewV7FromReader(random)
	if err != nil {
		// Without an id an answer cannot be found again, but it can be given.
		return "unknown"
	}
	return id.String()
}

// swapRequestID logs the call under the id that was made here, and says so to the
// caller unless it must stay in the dark.
func (c *Call) swapRequestID(tell bool) {
	if c.request.SpareID == "" {
		return
	}
	c.request.ID, c.request.SpareID = c.request.SpareID, ""
	if tell {
		c.w.Header()["X-Request-Id"] = []string{c.request.ID}
	}
}

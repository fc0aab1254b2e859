package clicktopay

import "github.com/walletport/walletport/scheme"

// BodyRoom returns how long a message is, and how much room it was given: one that outgrew
// it would leave card numbers and personal data behind.
func BodyRoom(p Profile, e scheme.Enrolment) (used, room int) {
	return len(p.changeBody(e)), p.room(e)
}

// KindOf returns what a code means.
func KindOf(code string) scheme.FaultKind { return meanings[code].kind }

// MessageOf returns what callers read of a code.
func MessageOf(code string) string { return messages[KindOf(code)] }

package customerservice

import (
	"strings"
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// auditInfo says on whose behalf a request is made; every request has it [S3].
type auditInfo struct {
	UserID       string `json:"UserId"`
	UserName     string `json:"UserName"`
	Organization string `json:"Organization"`
	Phone        string `json:"Phone,omitempty"`
}

// Limits of AuditInfo in characters [S3].
const (
	minAuditChars   = 4
	maxUserIDChars  = 50
	maxUserName     = 200
	maxOrganization = 200
	maxPhone        = 20
)

// digestChars of a user id that was cut: 64 bits tell two long ones apart.
const digestChars = 16

// auditInfoOf maps our auditUser, 1 to 256 bytes, to the two names of an AuditInfo. Spaces
// around it are left out: Judge compares it with what the status history repeats.
func (m *Messages) auditInfoOf(by walletport.AuditUser) auditInfo {
	user := strings.TrimSpace(string(by))
	return auditInfo{
		UserID:       m.fit(user, maxUserIDChars),
		UserName:     m.fit(user, maxUserName),
		Organization: m.organization,
		Phone:        m.phone,
	}
}

// fit makes a text at least 4 characters long, by the profile's padding, and at most
// limit: of a longer one it keeps the beginning and adds "~" and a digest of the whole, so
// that two long names stay two. The digest is written in letters, and the beginning of a
// text is left out where it would read as a card number.
func (m *Messages) fit(text string, limit int) string {
	chars := utf8.RuneCountInString(text)
	if chars <= limit {
		return text + strings.Repeat(m.profile.PadUserID, max(0, minAuditChars-chars))
	}
	digest := scheme.LetterDigest(text, digestChars)
	cut := string([]rune(text)[:limit-1-digestChars]) + "~" + digest
	if walletport.ContainsPAN(cut) {
		return "~" + digest
	}
	return cut
}

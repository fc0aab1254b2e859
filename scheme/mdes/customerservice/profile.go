package customerservice

import (
	"errors"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
)

// Profile is every choice that the public sources leave open. Each field names its sources
// and how sure we are of the default. Start from DefaultProfile, not from zero.
type Profile struct {
	// OAEPHash of the key wrapping: SHA256 (default; high) or SHA512. S3 requires the member, so
	// that pkcs1v15, which leaves it out, is not to be had.
	OAEPHash mdes.KeyWrapping `setting:"oaep_hash"`
	// AESBits of the content key: 128 (default; high) or 256.
	AESBits int `setting:"aes_bits"`
	// CipherMode: CBC (default; high) or GCM, which production takes since 8 April 2026 (MAR26).
	CipherMode mdes.CipherMode `setting:"cipher_mode"`
	// Fingerprint names Mastercard's certificate: sha1-cert (default; the samples of S3, high), or any
	// other that the profile of sealed cards knows.
	Fingerprint mdes.FingerprintMode `setting:"fingerprint"`
	// HexCase of what we send: lower (default) or upper.
	HexCase mdes.HexCase `setting:"hex_case"`
	// PageSize of a search for a card's tokens: 20 (default), at most 20 (S3).
	PageSize int `setting:"page_size"`
	// MaxTokens of one card that are listed, in pages: 1000 (default; ours). A scheme that has more is
	// taken for one that does not page.
	MaxTokens int `setting:"max_tokens"`
	// ActivationReason of an activation: C, the cardholder spoke with an agent (default; inferred: who
	// calls us acts for a person at a desk), or A, the cardholder was authenticated in an app.
	ActivationReason string `setting:"activation_reason"`
	// Comment goes with a change that has no note: Mastercard gives a change an id, by which it is found
	// again, only if it has a comment (CS-207). 1 to 500 characters.
	Comment string `setting:"comment"`
	// PadUserID fills an auditUser up to the four characters that AuditInfo.UserId needs (S3: 4 to 50):
	// one character, "-" by default (ours).
	PadUserID string `setting:"pad_user_id"`
	// RequestorSearch is the name of the search for a token requestor in its wrappers, before "Request" and
	// "Response": TokenRequestorSearch (default; inferred from the names of the other calls, CS-207 has none).
	RequestorSearch string `setting:"requestor_search"`
	// ClockSkew between Mastercard's clock and ours: an entry of the status history that is this much older
	// than our request may still be of it. 2m (default; inferred).
	ClockSkew time.Duration `setting:"clock_skew"`
	// SettleAfter is how long a request without an answer may still take effect: before, nobody says that
	// it was not done. 10s (default; inferred: no time limit of Mastercard's is published).
	SettleAfter time.Duration `setting:"settle_after"`
}

// DefaultProfile returns what the sources make most likely.
func DefaultProfile() Profile {
	p := mdes.DefaultProfile()
	return Profile{
		OAEPHash:         p.OAEPHash,
		AESBits:          p.AESBits,
		CipherMode:       p.CipherMode,
		Fingerprint:      p.Fingerprint,
		HexCase:          p.HexCase,
		PageSize:         maxPage,
		MaxTokens:        1000,
		ActivationReason: reasonAgent,
		Comment:          "Changed by the issuer",
		PadUserID:        "-",
		RequestorSearch:  "TokenRequestorSearch",
		ClockSkew:        2 * time.Minute,
		SettleAfter:      10 * time.Second,
	}
}

const (
	maxPage          = 20 // PageInfo.Limit [S3]
	maxCommentChars  = 500
	maxSkew          = time.Hour
	maxTokensOfACard = 100_000
)

// Validate returns every problem of the profile, joined, or nil. The texts name fields as
// a configuration file does.
func (p Profile) Validate() error {
	problems := []error{p.encryption().Validate()}
	for _, field := range []struct {
		ok      bool
		problem string
	}{
		{p.OAEPHash != mdes.PKCS1v15, "oaep_hash: SHA256 or SHA512"},
		{p.PageSize >= 1 && p.PageSize <= maxPage, "page_size: 1 to 20"},
		{p.MaxTokens >= max(1, p.PageSize) && p.MaxTokens <= maxTokensOfACard, "max_tokens: page_size to 100000"},
		{p.ActivationReason == reasonApp || p.ActivationReason == reasonAgent, "activation_reason: A or C"},
		{scheme.CheckNote(p.Comment, maxCommentChars) == nil && p.Comment != "", "comment: 1 to 500 characters of plain text without a card number"},
		{len(p.PadUserID) == 1 && walletport.IsPrintable(p.PadUserID, ` "\`), `pad_user_id: one printable ASCII character but space, " and \`},
		{p.RequestorSearch != "" && walletport.IsAlnum(p.RequestorSearch, ""), "requestor_search: letters and digits"},
		{p.ClockSkew >= 0 && p.ClockSkew <= maxSkew, "clock_skew: 0s to 1h"},
		{p.SettleAfter >= 0 && p.SettleAfter <= maxSkew, "settle_after: 0s to 1h"},
	} {
		if !field.ok {
			problems = append(problems, errors.New(field.problem))
		}
	}
	return errors.Join(problems...)
}

func (p Profile) encryption() mdes.Encryption {
	return mdes.Encryption{OAEPHash: p.OAEPHash, AESBits: p.AESBits, CipherMode: p.CipherMode, Fingerprint: p.Fingerprint, HexCase: p.HexCase}
}

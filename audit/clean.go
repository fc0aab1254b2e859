package audit

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/walletport/walletport"
)

const (
	// redacted stands for a text that held a card number. The API refuses such texts
	// before; this catches what it let through. The act must be recorded all the same,
	// so the text is replaced, not the record refused.
	redacted = walletport.RedactedNumber
	// cut ends a text that was too long.
	cut = "…[cut]"
	// maxTextBytes bounds each text of a record; the limits of the API are lower.
	// It bounds the line of an export, see MaxLineBytes.
	maxTextBytes = 512
	// maxKeyVersions bounds the list of keys; an act uses two or three.
	maxKeyVersions = 16
)

// clean makes of r a record that every engine and an export keep as it is: UTF-8
// without the zero character, bounded, free of card numbers, with a time in whole
// milliseconds within the years that RFC 3339 can write. One record that an engine
// refuses would fail the whole batch that it is in.
func clean(r *walletport.AuditRecord, now func() time.Time) {
	if year := r.Time.UTC().Year(); r.Time.IsZero() || year < 1 || year > 9999 {
		r.Time = now()
	}
	r.Time = time.UnixMilli(r.Time.UnixMilli()).UTC()
	cleanText(&r.RequestID)
	cleanText(&r.ClientID)
	cleanText(&r.AuditUser)
	cleanText(&r.Action)
	cleanText(&r.Issuer)
	cleanText(&r.Wallet)
	cleanText(&r.Scheme)
	cleanText(&r.Outcome)
	cleanText(&r.StepUp)
	if !isAddress(r.RemoteAddress) { // whose groups of digits may read like a PAN
		cleanText(&r.RemoteAddress)
	}
	r.KeyVersions = cleanList(r.KeyVersions)
	r.Details = cleanDetails(r.Details)
}

func isAddress(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && address.Zone() == ""
}

func cleanText[T ~string](text *T) {
	switch s := string(*text); {
	case s == "":
	case walletport.ContainsPAN(s):
		*text = redacted
	case len(s) > maxTextBytes || strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s):
		*text = T(shorten(legible(s)))
		if walletport.ContainsPAN(string(*text)) { // the cut ended a run of digits
			*text = redacted
		}
	}
}

// cleanList changes nothing in place, for the slice is the caller's.
func cleanList(list []string) []string {
	list = list[:min(len(list), maxKeyVersions)]
	for i := range list {
		text := list[i]
		cleanText(&text)
		if text != list[i] {
			list = slices.Clone(list)
			list[i] = text
		}
	}
	return list
}

// legible replaces what is not UTF-8, and the zero character, by U+FFFD.
func legible(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// shorten keeps whole characters.
func shorten(text string) string {
	if len(text) <= maxTextBytes {
		return text
	}
	end := maxTextBytes - len(cut)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + cut
}

// cleanDetails changes nothing in place, for the slice is the caller's. It puts the
// details in order, which most are in. A name that is none is an error of ours, and
// what it says is kept all the same.
func cleanDetails(details walletport.AuditDetails) walletport.AuditDetails {
	var clean walletport.AuditDetails
	for _, d := range details {
		if !d.Name.Valid() {
			d.Name = "unnamed"
		}
		if len(clean) == walletport.MaxAuditDetails-1 && len(details) > walletport.MaxAuditDetails {
			return clean.With("left_out", strconv.Itoa(len(details)-len(clean)))
		}
		cleanText(&d.Value)
		clean = clean.With(d.Name, d.Value)
	}
	return clean
}

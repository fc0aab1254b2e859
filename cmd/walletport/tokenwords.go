package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func schemeName(id walletport.SchemeID) string {
	switch id {
	case walletport.Mastercard:
		return "Mastercard"
	case walletport.Visa:
		return "Visa"
	}
	return string(id)
}

// statusWord is a state in one word.
func statusWord(s walletport.TokenStatus) string {
	if s == walletport.TokenSoftDeleted {
		return "soft-deleted"
	}
	return strings.ToLower(string(s))
}

// statusText says what a state means.
func statusText(s walletport.TokenStatus) string {
	switch s {
	case walletport.TokenInactive:
		return "inactive: it waits for its activation"
	case walletport.TokenActive:
		return "active: it can pay"
	case walletport.TokenSuspended:
		return "suspended: it cannot pay"
	case walletport.TokenDeactivated:
		return "deactivated: it never pays again"
	case walletport.TokenSoftDeleted:
		return "soft-deleted: it is gone from the device, but could still pay"
	}
	return string(s)
}

var holderNames = map[walletport.Holder]string{
	walletport.HolderIssuer: "the issuer", walletport.HolderCardholder: "the cardholder", walletport.HolderTokenRequestor: "the wallet",
	walletport.HolderScheme: "the scheme", walletport.HolderPIN: "the check of the mobile PIN", walletport.HolderUnknown: "somebody whom the scheme does not name",
}

// partyName is a party of a scheme as people say it, or a name as it is.
func partyName(name string) string {
	if known, ok := holderNames[walletport.Holder(name)]; ok {
		return known
	}
	return plain(name)
}

func holdersText(holders []walletport.Holder) string {
	names := make([]string, len(holders))
	for i, h := range holders {
		names[i] = partyName(string(h))
	}
	return strings.Join(names, ", ")
}

// mdesDevices are Mastercard's codes of devices; those below 20, which are old ones, stay as
// they are.
var mdesDevices = map[string]string{
	"20": "card", "21": "phone", "22": "tablet", "23": "watch or wristband", "24": "sticker", "25": "computer",
	"26": "peripheral", "27": "tag", "28": "jewelry", "29": "piece of fashion", "30": "garment", "31": "appliance", "32": "vehicle",
	"33": "media or gaming device",
}

// deviceTypeName is the type of a device as people say it. Visa has words for it.
func deviceTypeName(t *storage.Token) string {
	if name, ok := mdesDevices[t.DeviceType]; ok && t.Ref.Scheme == walletport.Mastercard {
		return name
	}
	if t.Ref.Scheme == walletport.Mastercard {
		return "type " + plain(t.DeviceType)
	}
	name := strings.ToLower(strings.ReplaceAll(plain(t.DeviceType), "_", " "))
	return strings.TrimPrefix(name, "mobile ")
}

// toldText says how old a scheme's word is, and why it is old, if it is.
func toldText(asOf, at time.Time, oldReason string) string {
	switch {
	case asOf.IsZero():
		return "the scheme was never asked"
	case oldReason != "":
		return fmt.Sprintf("OLD, the scheme's word of %s: %s", ageText(asOf, at), silenceText(oldReason))
	}
	return "the scheme's word of " + ageText(asOf, at)
}

// silenceText says why a scheme gave no word that counts.
func silenceText(reason string) string {
	switch reason {
	case "scheme_unavailable", "scheme_no_answer":
		return "it does not answer now"
	case "scheme_access_refused":
		return "it does not accept our keys, credentials or clock; an operator must look (scheme_access_refused)"
	case "scheme_rate_limited":
		return "it wants fewer requests; wait a little (scheme_rate_limited)"
	case "scheme_answer_unreadable":
		return "its answer cannot be read; a proxy answers, or a key is wrong (scheme_answer_unreadable)"
	case "key_unavailable":
		return "it was not asked, for a key is missing (key_unavailable)"
	}
	return "asking it failed (" + plain(reason) + ")"
}

// notDoneText says why a change was not done, and what to do next.
func notDoneText(reason string) string {
	next := "docs/errors.md says what to do"
	switch reason {
	case "scheme_unavailable", "scheme_signature_spent", "store_unavailable":
		next = "do it again if it is still wanted"
	case "scheme_rate_limited":
		next = "wait a minute, and do it again"
	case "scheme_access_refused":
		next = "an operator must look at keys, credentials and the clock; then do it again"
	case "scheme_status_refused", "token_not_at_scheme":
		next = "list the card's tokens, and decide anew"
	case "scheme_unsupported":
		next = "the scheme does not do this with this token; only the wallet or the cardholder can"
	case "scheme_request_refused", "scheme_refused":
		next = "the scheme said no; an operator finds its word in the log"
	}
	return fmt.Sprintf("not done (%s: %s)", plain(reason), next)
}

// statusNow says what a state means, and that it may have gone while a change is open.
func statusNow(t *storage.Token) string {
	wanted, err := t.Status.After(t.Change.Action)
	if !t.Change.State.IsOpen() || err != nil {
		return statusText(t.Status)
	}
	return fmt.Sprintf("was %s; a change is open, %s: it may be %s already", statusWord(t.Status), t.Change.Action, statusWord(wanted))
}

func reasonText(reason walletport.TokenReason) string {
	if reason == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", reason)
}

// entryText is an entry of a token's history.
func entryText(e *storage.TokenHistoryEntry) string {
	by := byText(e)
	from, to := statusWord(walletport.TokenStatus(e.From)), statusWord(walletport.TokenStatus(e.To))
	switch e.What {
	case storage.TokenSeen:
		return fmt.Sprintf("first seen: %s", to)
	case storage.TokenStatusChanged:
		return fmt.Sprintf("%s, was %s%s", to, from, by)
	case storage.TokenHoldersChanged:
		return "held by " + partiesText(e.To) + ", was " + partiesText(e.From) + by
	case storage.TokenCardChanged:
		return fmt.Sprintf("of card %s, was of %s%s", plain(e.To), plain(e.From), by)
	case storage.TokenExpiryChanged:
		return fmt.Sprintf("valid to %s, was %s%s", plain(e.To), plain(e.From), by)
	case storage.TokenDeviceChanged:
		return "the device has another name or type" + by
	case storage.TokenNumberChanged:
		return "another number" + by
	case storage.TokenChangeAsked:
		return fmt.Sprintf("%s asked for%s%s", e.Action, by, reasonText(e.Reason))
	case storage.TokenChangeDone:
		return fmt.Sprintf("%s done: %s%s", e.Action, to, foundText(e))
	case storage.TokenChangeNotDone:
		return fmt.Sprintf("%s not done: %s%s", e.Action, plain(e.Answer), foundText(e))
	case storage.TokenChangeUnknown:
		return fmt.Sprintf("%s: no answer, outcome not known", e.Action)
	}
	return string(e.What)
}

// byText says who did what an entry tells, where that is known.
func byText(e *storage.TokenHistoryEntry) string {
	if e.By == "" {
		return ""
	}
	return " by " + partyName(e.By)
}

// foundText says of an outcome that it was found out later.
func foundText(e *storage.TokenHistoryEntry) string {
	if e.Channel != storage.ChannelJob {
		return ""
	}
	return ", as was found out"
}

func partiesText(list string) string {
	if list == "" {
		return "nobody"
	}
	names := strings.Split(list, ",")
	for i, name := range names {
		names[i] = partyName(name)
	}
	return strings.Join(names, ", ")
}

// ageText is how long ago a moment was, in words; "" for none.
func ageText(t, at time.Time) string {
	if t.IsZero() {
		return ""
	}
	age := at.Sub(t)
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{365 * 24 * time.Hour, "year"}, {30 * 24 * time.Hour, "month"}, {24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := int(age / unit.length); n > 0 {
			return counted(n, unit.name) + " ago"
		}
	}
	return "just now" // clocks of two machines may differ
}

// momentText is a moment with its age; "" for none.
func momentText(t, at time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s UTC, %s", t.UTC().Format("2006-01-02 15:04"), ageText(t, at))
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// plain is a text of others as a terminal may get it, which would obey control characters.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if walletport.IsInvisible(r) {
			return '?'
		}
		return r
	}, text)
}

// cell is a text of others that fits a column.
func cell(text string, width int) string {
	text = plain(text)
	if utf8.RuneCountInString(text) > width {
		text = string([]rune(text)[:width-1]) + "…"
	}
	return orDash(text)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// wrapped breaks a text into lines of the screen that begin at a column. A word that is
// longer than a line is broken too.
func wrapped(text string, column int) string {
	width := screenWidth - column
	var lines []string
	line := []rune{}
	for word := range strings.FieldsSeq(text) {
		rest := []rune(word)
		if len(line) > 0 && len(line)+1+len(rest) > width {
			lines, line = append(lines, string(line)), nil
		}
		if len(line) > 0 {
			line = append(line, ' ')
		}
		for len(line)+len(rest) > width {
			room := width - len(line)
			lines, line, rest = append(lines, string(append(line, rest[:room]...))), nil, rest[room:]
		}
		line = append(line, rest...)
	}
	return strings.Join(append(lines, string(line)), "\n"+strings.Repeat(" ", column))
}

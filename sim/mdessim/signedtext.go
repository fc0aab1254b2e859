package mdessim

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport/sim"
)

// variant is one way to write a part of the signed text. The zero kind is the
// right way.
type variant struct {
	text string
	kind sim.Kind
	what string
}

// layout is an order of parts; each is the name of a field or a literal.
type layout struct {
	parts []string
	kind  sim.Kind
	what  string
}

// signedText knows how the text under a TAV should be written, and the wrong
// ways that people write it.
type signedText struct {
	pans, expiries, times, separators, ends []variant
	layouts                                 []layout
	tur                                     string
}

// choice picks one variant of each part; all zero is the right text.
type choice struct{ layout, pan, expiry, time, separator, end int }

// maxDeviations is how many mistakes at once are looked for: three cover what is
// seen in the field, and keep the search to a few thousand hashes.
const maxDeviations = 3

func (c choice) deviations() int {
	n := 0
	for _, part := range [...]int{c.layout, c.pan, c.expiry, c.time, c.separator, c.end} {
		if part != 0 {
			n++
		}
	}
	return n
}

func newSignedText(t tav, c card) *signedText {
	s := &signedText{
		pans:     panVariants(c.number.Clear()),
		expiries: []variant{{}},
		times:    timeVariants(t.timestamp),
		tur:      c.tur,
		ends: []variant{{}, {"\n", tavLineBreak, "a line break follows the signed text"},
			{"\r\n", tavLineBreak, "a line break follows the signed text"}, {"|", tavSeparator, "a separator follows the last value"}},
	}
	if t.hasExpiry || slices.Contains(t.fields, fieldExpiry) {
		s.expiries = expiryVariants(c.mmyy)
	}
	if t.version == "2" {
		s.separators = []variant{{}, {"|", tavSeparator, "the values are joined with |"}}
		s.layouts = layoutsV2(t)
		return s
	}
	s.separators = []variant{{text: "|"}}
	for _, sep := range []string{"", ",", ";", ":", " ", "-", "||", "\n"} {
		s.separators = append(s.separators, variant{sep, tavSeparator, "the values are not joined with |"})
	}
	s.layouts = layoutsV3(t.fields)
	return s
}

func panVariants(pan string) []variant {
	var groups []string
	for chunk := range slices.Chunk([]byte(pan), 4) {
		groups = append(groups, string(chunk))
	}
	const what = "the PAN is signed in groups"
	return []variant{{text: pan}, {strings.Join(groups, " "), tavPANSpaced, what}, {strings.Join(groups, "-"), tavPANSpaced, what}}
}

func expiryVariants(mmyy string) []variant {
	mm, yy := mmyy[:2], mmyy[2:]
	return []variant{{text: mmyy},
		{yy + mm, tavExpiryYYMM, "the expiry is signed as YYMM"},
		{mm + "/" + yy, tavExpirySlash, "the expiry is signed as MM/YY"},
		{yy + "/" + mm, tavExpirySlash, "the expiry is signed as YY/MM"},
		{mm + "/20" + yy, tavExpirySlash, "the expiry is signed as MM/YYYY"},
		{mm + "20" + yy, tavExpiryForm, "the expiry is signed as MMYYYY"},
		{"20" + yy + mm, tavExpiryForm, "the expiry is signed as YYYYMM"},
		{mm + "-" + yy, tavExpiryForm, "the expiry is signed as MM-YY"},
		{"20" + yy + "-" + mm, tavExpiryForm, "the expiry is signed as YYYY-MM"},
		{mm + "|" + yy, tavExpiryForm, "month and year are signed as two values"},
	}
}

// timeVariants are other spellings of the timestamp's moment.
func timeVariants(text string) []variant {
	all := []variant{{text: text}}
	at, ok := parseTimestamp(text)
	if !ok {
		return all
	}
	layouts := []string{time.RFC3339, "2006-01-02T15:04:05.000Z07:00", "2006-01-02T15:04:05-07:00", "2006-01-02T15:04:05.000-07:00",
		"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04Z", "20060102150405"}
	for _, l := range layouts {
		all = append(all, variant{at.UTC().Format(l), tavTimestampOther, "the signed timestamp is spelled another way than the member"})
	}
	for _, n := range []int64{at.Unix(), at.UnixMilli()} {
		all = append(all, variant{fmt.Sprint(n), tavTimestampOther, "the signed timestamp is a Unix time"})
	}
	return all
}

// layoutsV2 is PAN, Y, MMYY, N; without a token or an expiry the letter is N and
// no value follows.
func layoutsV2(t tav) []layout {
	expiry, token := []string{"N"}, []string{"N"}
	if t.hasExpiry {
		expiry = []string{"Y", fieldExpiry}
	}
	if t.hasTUR {
		token = []string{"Y", fieldTUR}
	}
	right := join([]string{fieldPAN}, expiry, token)
	rewrite := func(change func(string) string) []string {
		var parts []string
		for _, part := range right {
			if part = change(part); part != "" {
				parts = append(parts, part)
			}
		}
		return parts
	}
	spell := func(yes, no string) []string {
		return rewrite(func(part string) string {
			switch part {
			case "Y":
				return yes
			case "N":
				return no
			}
			return part
		})
	}
	return []layout{
		{parts: right},
		{spell("", ""), tavFlagsUnsigned, "the letters of the flags are not signed"},
		{spell("true", "false"), tavFlagsUnsigned, "the flags are signed as words"},
		{spell("y", "n"), tavFlagsUnsigned, "the letters of the flags are in lower case"},
	}
}

func layoutsV3(fields []string) []layout {
	all := []layout{{parts: fields}}
	for _, other := range permutations(fields) {
		all = append(all, layout{other, tavFieldOrder, "the values are signed in another order than the list names"})
	}
	return all
}

func permutations(list []string) [][]string {
	if len(list) <= 1 {
		return [][]string{list}
	}
	var all [][]string
	for i := range list {
		rest := slices.Delete(slices.Clone(list), i, i+1)
		for _, tail := range permutations(rest) {
			all = append(all, append([]string{list[i]}, tail...))
		}
	}
	return all
}

func (s *signedText) standard() choice { return choice{} }

// build writes the text of a choice.
func (s *signedText) build(c choice) []byte {
	var text []byte
	for i, part := range s.layouts[c.layout].parts {
		if i > 0 {
			text = append(text, s.separators[c.separator].text...)
		}
		switch part {
		case fieldPAN:
			part = s.pans[c.pan].text
		case fieldExpiry:
			part = s.expiries[c.expiry].text
		case fieldTime:
			part = s.times[c.time].text
		case fieldTUR:
			part = s.tur
		}
		text = append(text, part...)
	}
	return append(text, s.ends[c.end].text...)
}

// explain finds the wrong way in which a text of this digest was written.
func (s *signedText) explain(digest [sha256.Size]byte) (sim.Kind, string) {
	once := sha256.Sum256(s.build(s.standard()))
	if digest == sha256.Sum256(once[:]) || digest == sha256.Sum256([]byte(hex.EncodeToString(once[:]))) {
		return tavHashedTwice, "the text was hashed before it was given to the signer"
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		if digest == sha256.Sum256(sim.InUTF16(string(s.build(s.standard())), order)) {
			return tavUTF16, "the text was signed in UTF-16"
		}
	}
	if c, ok := s.search(digest); ok {
		return s.describe(c)
	}
	if s.isOtherExpiry(digest) {
		return tavOtherExpiry, "the TAV was signed for this PAN with another expiry"
	}
	return tavOtherCard, "the signature is genuine and over other values than those of this card"
}

func (s *signedText) search(digest [sha256.Size]byte) (choice, bool) {
	var c choice
	for c.layout = range s.layouts {
		for c.separator = range s.separators {
			for c.pan = range s.pans {
				for c.time = range s.times {
					for c.expiry = range s.expiries {
						for c.end = range s.ends {
							if c.deviations() <= maxDeviations && sha256.Sum256(s.build(c)) == digest {
								return c, true
							}
						}
					}
				}
			}
		}
	}
	return choice{}, false
}

// describe names the first deviation of a choice and lists all of them.
func (s *signedText) describe(c choice) (sim.Kind, string) {
	l := s.layouts[c.layout]
	deviations := []variant{s.expiries[c.expiry], s.pans[c.pan], s.separators[c.separator],
		{kind: l.kind, what: l.what}, s.times[c.time], s.ends[c.end]}
	deviations = slices.DeleteFunc(deviations, func(v variant) bool { return v.kind.Code == "" })
	what := make([]string, 0, len(deviations))
	for _, v := range deviations {
		what = append(what, v.what)
	}
	return deviations[0].kind, strings.Join(what, "; ")
}

func (s *signedText) isOtherExpiry(digest [sha256.Size]byte) bool {
	if len(s.expiries) == 1 {
		return false
	}
	other := *s
	for year := range 100 {
		for month := 1; month <= 12; month++ {
			other.expiries = []variant{{text: fmt.Sprintf("%02d%02d", month, year)}}
			if sha256.Sum256(other.build(choice{})) == digest {
				return true
			}
		}
	}
	return false
}

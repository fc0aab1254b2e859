package walletport_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/walletport/walletport"
)

const (
	guardPage      = "docs/pan-guard.md"
	disguisesBegin = "<!-- Begin: disguises, by go test . -run GuardPage -update -->\n"
	schemesBegin   = "<!-- Begin: schemes, by go test . -run GuardPage -update -->\n"
	guardEnd       = "<!-- End -->\n"
)

// disguise is a way to write a PAN down.
type disguise struct {
	name  string
	write func(digits string) string
}

func between(separator string) func(string) string {
	return func(digits string) string { return strings.Join(inFours(digits), separator) }
}

func inFours(digits string) []string {
	var groups []string
	for len(digits) > 4 {
		groups = append(groups, digits[:4])
		digits = digits[4:]
	}
	return append(groups, digits)
}

func around(before, after string) func(string) string {
	return func(digits string) string { return before + digits + after }
}

func eachDigit(separator string) func(string) string {
	return func(digits string) string { return strings.Join(strings.Split(digits, ""), separator) }
}

// inUUID puts 13 to 16 digits into the form of a UUID.
func inUUID(d string) string {
	d = (d + "0000")[:16]
	return d[:8] + "-" + d[8:12] + "-" + d[12:] + "-8000-000000000000"
}

// inDigits spells each digit as one of ten characters.
func inDigits(ten string) func(string) string {
	runes := []rune(ten)
	return func(digits string) string {
		return strings.Map(func(r rune) rune { return runes[r-'0'] }, digits)
	}
}

// seen are the disguises that are seen through, whose card ever it is.
var seen = []disguise{
	{"plain", func(d string) string { return d }},
	{"spaces", between(" ")},
	{"two spaces", between("  ")},
	{"no-break spaces", between("\u00a0")},
	{"thin spaces", between("\u2009")},
	{"hyphens", between("-")},
	{"two hyphens", between("--")},
	{"spaced hyphens", between(" - ")},
	{"dashes", between("–")},
	{"dots", between(".")},
	{"middle dots", between("·")},
	{"commas", between(", ")},
	{"colons", between(":")},
	{"semicolons", between("; ")},
	{"slashes", between("/")},
	{"underscores", between("_")},
	{"stars", between("*")},
	{"bars", between("|")},
	{"plus signs", between("+")},
	{"x", between("x")},
	{"X", between("X")},
	{"spaced x", between(" x ")},
	{"multiplication signs", between("×")},
	{"line breaks", between("\n")},
	{"quoted line breaks", between(`\n`)},
	{"tabs", between("\t")},
	{"round brackets", func(d string) string { return "(" + between(")(")(d) + ")" }},
	{"square brackets", func(d string) string { return "[" + between("] [")(d) + "]" }},
	{"a space after each digit", eachDigit(" ")},
	{"three characters after each digit", eachDigit(" / ")},
	{"full-width digits", inDigits("０１２３４５６７８９")},
	{"Arabic-Indic digits", inDigits("٠١٢٣٤٥٦٧٨٩")},
	{"Devanagari digits", inDigits("०१२३४५६७८९")},
	{"mathematical digits", inDigits("𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡")},
	{"bold mathematical digits", inDigits("𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")},
	{"circled digits", inDigits("⓪①②③④⑤⑥⑦⑧⑨")},
	{"double circled digits", inDigits("0⓵⓶⓷⓸⓹⓺⓻⓼⓽")},
	{"white on black digits", inDigits("⓿❶❷❸❹❺❻❼❽❾")},
	{"bracketed digits", inDigits("0⑴⑵⑶⑷⑸⑹⑺⑻⑼")},
	{"digits with a full stop", inDigits("🄀⒈⒉⒊⒋⒌⒍⒎⒏⒐")},
	{"digits with a comma", inDigits("🄁🄂🄃🄄🄅🄆🄇🄈🄉🄊")},
	{"superscript digits", inDigits("⁰¹²³⁴⁵⁶⁷⁸⁹")},
	{"subscript digits", inDigits("₀₁₂₃₄₅₆₇₈₉")},
	{"keycaps", func(d string) string { return eachDigit("\ufe0f\u20e3")(d) + "\ufe0f\u20e3" }},
	{"spaced keycaps", func(d string) string { return eachDigit("\ufe0f\u20e3   ")(d) + "\ufe0f\u20e3" }},
	{"a line through each digit", func(d string) string { return eachDigit("\u0336")(d) + "\u0336" }},
	{"zero-width spaces", eachDigit("\u200b")},
	{"scripts mixed", func(d string) string {
		return inDigits("０１２３４５６７８９")(d[:1]) + inDigits("٠١٢٣٤٥٦٧٨٩")(d[1:6]) + inDigits("⓪①②③④⑤⑥⑦⑧⑨")(d[6:9]) + d[9:]
	}},
	{"inside a sentence", around("call about ", ", please.")},
	{"in quotes", around(`"`, `"`)},
	{"after a name", around("pan=", "&x")},
	{"in JSON", around(`{"pan":"`, `"}`)},
	{"after another number", around("17 ", "")},
	{"before expiry and code", around("", " 12/28 123")},
	{"after a UUID", around("831fb558-d0b4-4566-8285-38049c915104 ", "")},
	{"before a UUID", around("", " 831fb558-d0b4-4566-8285-38049c915104")},
	{"after a letter that is an accent away", around("e\u0301", "")},
}

// seenOfOwn are the disguises that are seen through for the card at hand alone: the
// same digits could be part of an identifier, or are too far apart.
var seenOfOwn = []disguise{
	{"letters before", around("user", "")},
	{"hexadecimal letters around", around("a", "f")},
	{"digits before", around("0000", "")},
	{"digits after", around("", "99")},
	{"letters between", between("a")},
	{"words between", between(" and ")},
	{"four characters between", between("....")},
	{"x twice between", between("xx")},
	{"in a UUID", inUUID},
}

// unseen are out of reach.
var unseen = []disguise{
	{"letters for digits", func(d string) string { return strings.NewReplacer("0", "O", "1", "l").Replace(d) }},
	{"words", func(d string) string {
		words := []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
		for i, w := range words {
			d = strings.ReplaceAll(d, fmt.Sprint(i), w+" ")
		}
		return d
	}},
	{"Chinese numerals", inDigits("〇一二三四五六七八九")},
	{"hexadecimal", func(d string) string { return fmt.Sprintf("%x", d) }},
	{"backwards", func(d string) string {
		runes := []rune(d)
		for i := range len(runes) / 2 {
			runes[i], runes[len(runes)-1-i] = runes[len(runes)-1-i], runes[i]
		}
		return string(runes)
	}},
}

// schemeRange is a row of the table of card schemes in docs/pan-guard.md, written
// apart from the guard's own.
type schemeRange struct {
	scheme, prefixes string
	lengths          []int
	heads            []string // some of the prefixes
}

var schemeRanges = []schemeRange{
	{"Visa, Visa Electron", "4", []int{13, 16, 18, 19}, []string{"4761", "4026", "4999"}},
	{"Mastercard", "51-55, 2221-2720", []int{16}, []string{"5100", "5599", "2221", "2720", "2400"}},
	{"American Express", "34, 37", []int{15}, []string{"3400", "3799"}},
	{"Discover", "6011, 622126-622925, 644-649, 65", []int{16, 17, 18, 19}, []string{"6011", "6221", "6440", "6500"}},
	{"Diners Club", "30, 36, 38, 39", []int{14, 15, 16, 17, 18, 19}, []string{"3000", "3095", "3600", "3852"}},
	{"JCB", "3528-3589", []int{16, 17, 18, 19}, []string{"3528", "3589"}},
	{"JCB, old", "1800, 2131", []int{15}, []string{"1800", "2131"}},
	{"UnionPay", "62, 81", []int{16, 17, 18, 19}, []string{"6200", "6299", "8100"}},
	{"Maestro", "50, 56-69", []int{16, 17, 18, 19}, []string{"5000", "5600", "5999", "6390", "6900"}},
	{"Maestro, short", "5018, 5020, 5038, 5893, 6304, 6759, 6761-6763, 6767", []int{12, 13, 14, 15}, []string{"5018", "5020", "5038", "5893", "6304", "6759", "6762", "6767"}},
	{"Mir", "2200-2204", []int{16, 17, 18, 19}, []string{"2200", "2204"}},
	{"RuPay", "508, 60, 65, 81, 82, 353, 356", []int{16}, []string{"5080", "6521", "8200", "3530", "3560"}},
	{"Troy", "9792, 65", []int{16}, []string{"9792"}},
	{"Elo", "4011, 4312, 4389, 4514, 4573, 5041, 5066, 5067, 509, 6277, 6362, 6363, 65", []int{16}, []string{"4011", "5041", "5090", "6362", "6550"}},
	{"Hipercard, Hiper", "6062, 6370, 6375, 6376", []int{16}, []string{"6062", "6370", "6376"}},
	{"Dankort", "5019, 4571", []int{16}, []string{"5019", "4571"}},
	{"UATP", "1", []int{15}, []string{"1000", "1999"}},
	{"Verve", "5060, 5061, 5078, 5079, 6500", []int{16, 18, 19}, []string{"5060", "5078", "6500"}},
	{"GPN", "1946, 50, 56, 58, 60-63", []int{16, 18, 19}, []string{"1946", "5800", "6100"}},
	{"Laser, Solo, Switch", "6304, 6706, 6709, 6771, 6334, 6767, 4903, 4905, 4911, 4936, 6333, 5641, 6331", []int{16, 18, 19}, []string{"6706", "6771", "6334", "4903", "5641"}},
	{"InterPayment, InstaPayment", "636, 637-639", []int{16}, []string{"6360", "6390"}},
	{"UkrCard, NPS Pridnestrovie", "6040-6042, 6054", []int{16}, []string{"6040", "6054"}},
	{"BORICA", "2205", []int{16, 17, 18, 19}, []string{"2205"}},
	{"China T-Union", "31", []int{19}, []string{"3100"}},
	{"BC and other Korean domestic cards", "9410", []int{16}, []string{"9410"}},
	{"Dina", "9891, 65", []int{16}, []string{"9891"}},
	{"Humo", "9860", []int{16}, []string{"9860"}},
	{"UzCard", "8600, 5614", []int{16}, []string{"8600", "5614"}},
	{"Napas", "9704", []int{16, 19}, []string{"9704"}},
	{"AfriGo", "5644", []int{18}, []string{"5644"}},
	{"LankaPay", "3571", []int{16}, []string{"3571"}},
}

// numbers returns a PAN of each prefix and length of a row.
func (s schemeRange) numbers() []string {
	var all []string
	for _, head := range s.heads {
		for _, n := range s.lengths {
			all = append(all, luhnComplete(head+"135792468013579"[:n-5]))
		}
	}
	return all
}

func TestEverySchemesPANsAreFoundInEveryDisguise(t *testing.T) {
	for _, s := range schemeRanges {
		t.Run(s.scheme, func(t *testing.T) {
			for _, number := range s.numbers() {
				for _, d := range seen {
					if text := d.write(number); !walletport.ContainsPAN(text) {
						t.Errorf("%s of %d digits, %s: not seen in %q", number[:4], len(number), d.name, text)
					}
				}
				if !walletport.IsPAN(number) || !walletport.IsPAN(between("-")(number)) {
					t.Errorf("%s of %d digits is no PAN as a whole", number[:4], len(number))
				}
				if wrong := number[:len(number)-1] + string('0'+(number[len(number)-1]-'0'+1)%10); walletport.ContainsPAN(wrong) || walletport.IsPAN(wrong) {
					t.Errorf("%s of %d digits: a wrong check digit counts", number[:4], len(number))
				}
			}
		})
	}
}

// TestRandomPANsAreFoundInEveryDisguise draws the digits that no scheme decides.
func TestRandomPANsAreFoundInEveryDisguise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(schemeRanges).Draw(t, "scheme")
		n := rapid.SampledFrom(s.lengths).Draw(t, "length")
		number := luhnComplete(rapid.SampledFrom(s.heads).Draw(t, "head") + rapid.StringMatching(fmt.Sprintf("[0-9]{%d}", n-5)).Draw(t, "digits"))
		text := rapid.SampledFrom(seen).Draw(t, "disguise").write(number)
		before := rapid.StringMatching(`([a-zÀ-ÿ ]{0,9}[ ,:(=])?`).Draw(t, "before")
		after := rapid.StringMatching(`([ ,.)][a-zÀ-ÿ ]{0,9})?`).Draw(t, "after")
		if !walletport.ContainsPAN(before + text + after) {
			t.Fatalf("not seen in %q", before+text+after)
		}
	})
}

func TestTheCardsOwnNumberIsFound(t *testing.T) {
	for _, digits := range []string{testPAN, "4761120010000492", luhnComplete("423456789012"), luhnComplete("450012345678901234")} {
		pan := mustPAN(t, digits)
		card := walletport.CardSummary{BIN: pan.BIN(), LastFour: pan.LastFour()}
		for _, d := range append(append([]disguise{}, seen...), seenOfOwn...) {
			if d.name == "in a UUID" && len(digits) > 16 {
				continue
			}
			text := d.write(digits)
			if !pan.IsIn(text) || !card.NumberIn(text) {
				t.Errorf("%s: IsIn or NumberIn misses it in %q", d.name, text)
			}
		}
		other := luhnComplete(digits[:len(digits)-6] + "77777")
		if pan.IsIn(other) || pan.IsIn("") || (walletport.PAN{}).IsIn(digits) {
			t.Errorf("another number counts as the card's own")
		}
		if wrong := digits[:8] + string('0'+(digits[8]-'0'+1)%10) + digits[9:]; card.NumberIn(wrong) {
			t.Errorf("a number with a wrong check digit counts as the card's own")
		}
		if card.NumberIn(digits[:len(digits)-1]) || card.NumberIn(luhnComplete(digits[:len(digits)-5]+"9876")) || (walletport.CardSummary{}).NumberIn(digits) {
			t.Errorf("a number with another end counts as the card's own")
		}
	}
}

func TestWhatNoPANIs(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"a UUID whose digits read like a PAN", "01a22591-4c3b-78d5-bd65-80581728677a"},
		{"a second one", "831fb558-d0b4-4566-8285-38049c915104"},
		{"a UUID in capitals after a name", "req-831FB558-D0B4-4566-8285-38049C915104"},
		{"a UUID glued to a word", "user831fb558-d0b4-4566-8285-38049c915104"},
		{"a UUID of digits alone", "52042477-5000-4471-8285-380490915104"},
		{"24 hexadecimal digits", "3458604036415c7c4b1a24c6"},
		{"24 decimal digits", "4111111111111111" + "00000000"},
		{"digits glued to a word", "user" + testPAN},
		{"digits with a word after", testPAN + "abc"},
		{"a hexadecimal literal", "0x" + testPAN},
		{"a wrong length for its prefix", luhnComplete("510000000000")},
		{"a prefix of nobody", luhnComplete("700000000000000")},
		{"a prefix between two schemes", luhnComplete("272100000000000")},
		{"a time stamp", "2026-11-24T10:00:00Z"},
		{"a time in digits", "20261124101530"},
		{"milliseconds", "1795862400123"},
		{"a telephone number", "+49 170 1234567"},
		{"an IPv4 address and port", "http: TLS handshake error from 41.111.111.111:11112: EOF"},
		{"an IPv6 address and port", "from [2606:4700:4700:1119::1]:443"},
		{"x twice", strings.Join(inFours(testPAN), "xx")},
		{"four characters between", strings.Join(inFours(testPAN), "----")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if walletport.ContainsPAN(c.text) {
				t.Errorf("taken for a PAN: %q", c.text)
			}
		})
	}
	for _, d := range unseen {
		if text := d.write(testPAN); walletport.ContainsPAN(text) || mustPAN(t, testPAN).IsIn(text) {
			t.Errorf("%s: seen in %q, so say so in %s", d.name, text, guardPage)
		}
	}
}

func TestWhatOnlyLooksLikeAUUIDIsSearched(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"groups that no address has", "520.424.775.000.1471"},
		{"dotted pairs", "52.04.24.77.50.00.14.71"},
		{"an address that goes on", "41.111.111.111:11112.5204.2477.5000.1471"},
		{"brackets without an address", "[5204:2477]:5000:1471"},
		{"no variant", "52042477-5000-1471-0000-000000000000"},
		{"no version", inUUID(luhnComplete("520424775000047"))},
		{"a longer first group", "5204247750001471-1234-4234-8123-123456789012"},
		{"a shorter last group", "52042477-5000-1471-8123-12345678901"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !walletport.ContainsPAN(c.text) {
				t.Errorf("not seen in %q", c.text)
			}
		})
	}
}

func TestSuspectsPAN(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
	}{
		{"user" + testPAN, true},
		{"card" + testPAN + "abc", true},
		{"x" + testPAN, true},
		{testPAN + "x", true},
		{"1x" + testPAN, true},
		{"é" + testPAN, true},
		{testPAN, true},
		{"a" + testPAN, false}, // may be a hexadecimal identifier
		{testPAN + "f", false},
		{"card0" + testPAN, false},
		{"831fb558-d0b4-4566-8285-38049c915104", false},
	} {
		if got := walletport.SuspectsPAN(c.text); got != c.want {
			t.Errorf("SuspectsPAN(%q) = %v", c.text, got)
		}
	}
}

func TestIsPAN(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
	}{
		{testPAN, true}, {"5204-2477-5000-1471", true}, {" ٥٢٠٤٢٤٧٧٥٠٠٠١٤٧١ ", true}, {"378282246310005", true},
		{"user " + testPAN, false}, {testPAN + "0", false}, {"0" + testPAN, false}, {strings.Repeat(testPAN, 2), false},
		{"", false}, {"12345", false}, {"831fb558-d0b4-4566-8285-38049c915104", false},
	} {
		if got := walletport.IsPAN(c.text); got != c.want {
			t.Errorf("IsPAN(%q) = %v", c.text, got)
		}
	}
}

// FuzzPANGuard holds the rules to one another on any text.
func FuzzPANGuard(f *testing.F) {
	for _, d := range append(append(append([]disguise{}, seen...), seenOfOwn...), unseen...) {
		f.Add(d.write(testPAN))
	}
	f.Add("5x2 0\\n4-24775000-1471-\xff⑩xX٣")
	pan, err := walletport.ParsePAN(testPAN)
	if err != nil {
		f.Fatal(err)
	}
	card := walletport.CardSummary{BIN: pan.BIN(), LastFour: pan.LastFour()}
	f.Fuzz(func(t *testing.T, text string) {
		contains := walletport.ContainsPAN(text)
		if contains && !walletport.SuspectsPAN(text) {
			t.Errorf("the stricter rule sees less in %q", text)
		}
		if pan.IsIn(text) && !card.NumberIn(text) {
			t.Errorf("without the open card its number is not seen in %q", text)
		}
		if spaced := text + " . . " + between("--")(testPAN) + " . . " + text; !walletport.ContainsPAN(spaced) {
			t.Errorf("a PAN is not seen between %q", text)
		}
	})
}

// TestGuardPage holds the tables of the page to the guard.
func TestGuardPage(t *testing.T) {
	page, err := os.ReadFile(guardPage)
	if err != nil {
		t.Fatal(err)
	}
	want := mustReplaceTable(t, string(page), disguisesBegin, disguiseTable())
	want = mustReplaceTable(t, want, schemesBegin, schemeTable())
	if *updateDocs {
		if err := os.WriteFile(guardPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("%s is not current, run go test . -run GuardPage -update (-want +got):\n%s", guardPage, diff)
	}
}

func mustReplaceTable(t *testing.T, page, begin, table string) string {
	t.Helper()
	head, rest, found := strings.Cut(page, begin)
	_, tail, foundEnd := strings.Cut(rest, guardEnd)
	if !found || !foundEnd {
		t.Fatalf("%s lacks its markers", guardPage)
	}
	return head + begin + table + guardEnd + tail
}

func disguiseTable() string {
	var out strings.Builder
	out.WriteString("\n| disguise | written so | any card's | the card's own |\n| --- | --- | --- | --- |\n")
	for _, group := range []struct {
		all           []disguise
		anyCards, own string
	}{{seen, "seen", "seen"}, {seenOfOwn, "no", "seen"}, {unseen, "no", "no"}} {
		for _, d := range group.all {
			text := strings.NewReplacer("\n", "⏎", "\t", "⇥", "|", `\|`, "\u00a0", "⍽", "\u2009", "⍽", "\u200b", "∣").Replace(d.write("5204247750001471"))
			fmt.Fprintf(&out, "| %s | `%s` | %s | %s |\n", d.name, text, group.anyCards, group.own)
		}
	}
	return out.String() + "\n"
}

func schemeTable() string {
	var out strings.Builder
	out.WriteString("\n| scheme | begins with | digits |\n| --- | --- | --- |\n")
	for _, s := range schemeRanges {
		fmt.Fprintf(&out, "| %s | %s | %s |\n", s.scheme, s.prefixes, strings.Trim(strings.ReplaceAll(fmt.Sprint(s.lengths), " ", ", "), "[]"))
	}
	return out.String() + "\n"
}

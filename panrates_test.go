package walletport_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
)

// The table of false alarms in docs/pan-guard.md is made by
//
//	go test . -run FalseAlarms -draws 2000000 -update
var draws = flag.Int("draws", 20_000, "how many identifiers of each form TestFalseAlarms draws; with -update it writes its table into docs/pan-guard.md")

const ratesBegin = "<!-- Begin: false alarms, by go test . -run FalseAlarms -draws 2000000 -update -->\n"

// dice are random bytes that are the same in every run.
type dice struct{ stream cipher.Stream }

func newDice() dice {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		panic(err)
	}
	return dice{cipher.NewCTR(block, make([]byte, 16))}
}

func (d dice) bytes(n int) []byte {
	raw := make([]byte, n)
	d.stream.XORKeyStream(raw, raw)
	return raw
}

func (d dice) below(n uint64) uint64 { return binary.BigEndian.Uint64(d.bytes(8)) % n }

func (d dice) hex(digits int) string { return hex.EncodeToString(d.bytes((digits + 1) / 2))[:digits] }

func (d dice) of(alphabet string, n int) string {
	text := d.bytes(n)
	for i := range text {
		for int(text[i]) >= 256/len(alphabet)*len(alphabet) {
			text[i] = d.bytes(1)[0]
		}
		text[i] = alphabet[int(text[i])%len(alphabet)]
	}
	return string(text)
}

func (d dice) digits(n int) string { return d.of("0123456789", n) }

// when is a moment of the years 2020 to 2040.
func (d dice) when() time.Time {
	return time.Unix(1577836800+int64(d.below(631152000)), int64(d.below(1e9))).UTC()
}

func (d dice) uuid(version byte) string {
	b := d.bytes(16)
	if version == 7 {
		ms := d.when().UnixMilli()
		for i := range 6 {
			b[i] = byte(ms >> (40 - 8*i))
		}
	}
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// idForms are the identifiers and other honest texts whose false alarms are counted.
var idForms = []struct {
	name string
	none bool // not one may be taken for a PAN, neither as free text nor as an identifier
	draw func(dice) string
}{
	{"UUID, version 4", true, func(d dice) string { return d.uuid(4) }},
	{"UUID, version 7", true, func(d dice) string { return d.uuid(7) }},
	{"UUID, version 1", true, func(d dice) string { return d.uuid(1) }},
	{"UUID in capitals", true, func(d dice) string { return strings.ToUpper(d.uuid(4)) }},
	{"UUID as a URN", true, func(d dice) string { return "urn:uuid:" + d.uuid(7) }},
	{"UUID after a name, `req-…`", true, func(d dice) string { return "req-" + d.uuid(4) }},
	{"UUID after a user, `ada/…`", true, func(d dice) string { return "ada/" + d.uuid(7) }},
	{"two UUIDs, `…:…`", true, func(d dice) string { return d.uuid(4) + ":" + d.uuid(7) }},
	{"20 hexadecimal digits", true, func(d dice) string { return d.hex(20) }},
	{"24 hexadecimal digits (device, ObjectId)", true, func(d dice) string { return d.hex(24) }},
	{"32 hexadecimal digits (trace, MD5)", true, func(d dice) string { return d.hex(32) }},
	{"40 hexadecimal digits (SHA-1)", true, func(d dice) string { return d.hex(40) }},
	{"64 hexadecimal digits (SHA-256)", true, func(d dice) string { return d.hex(64) }},
	{"24 decimal digits (device)", true, func(d dice) string { return d.digits(24) }},
	{"21 decimal digits (subject of Google)", true, func(d dice) string { return "1" + d.digits(20) }},
	{"11 decimal digits (token requestor)", true, func(d dice) string { return d.digits(11) }},
	{"ULID", true, func(d dice) string { return "01" + d.of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24) }},
	{"KSUID, 27 letters and digits", true, func(d dice) string { return d.of(base62, 27) }},
	{"NanoID, 21 characters", true, func(d dice) string { return d.of(base62+"-_", 21) }},
	{"16 bytes in base64url", true, func(d dice) string { return base64.RawURLEncoding.EncodeToString(d.bytes(16)) }},
	{"client id of walletport", true, func(d dice) string { return "wpc_" + strings.ToLower(base32.StdEncoding.EncodeToString(d.bytes(10))) }},
	{"key id of walletport", true, func(d dice) string { return d.hex(8) + "-vault-kek-v" + d.digits(3) }},
	{"date and time, RFC 3339", true, func(d dice) string { return d.when().Format(time.RFC3339Nano) }},
	{"milliseconds since 1970", true, func(d dice) string { return strconv.FormatInt(d.when().UnixMilli(), 10) }},
	{"microseconds since 1970", false, func(d dice) string { return strconv.FormatInt(d.when().UnixMicro(), 10) }},
	{"date and time in 14 digits", true, func(d dice) string { return d.when().Format("20060102150405") }},
	{"e-mail address with a number", true, func(d dice) string { return "ada.lovelace" + d.digits(8) + "@bank.example" }},
	{"IPv4 address and port", false, func(d dice) string {
		b := d.bytes(4)
		return fmt.Sprintf("%d.%d.%d.%d:%d", b[0], b[1], b[2], b[3], d.below(65536))
	}},
	{"telephone number, 12 digits (E.164)", false, func(d dice) string { return "+" + strconv.Itoa(1+int(d.below(9))) + d.digits(11) }},
	{"`traceparent` of W3C", false, func(d dice) string { return "00-" + d.hex(32) + "-" + d.hex(16) + "-01" }},
	{"16 hexadecimal digits (span, Android id)", false, func(d dice) string { return d.hex(16) }},
	{"Snowflake, 19 decimal digits from 1 or 2", false, func(d dice) string { return strconv.FormatUint(1e18+d.below(2e18), 10) }},
	{"IMEI, 15 digits of 35", true, func(d dice) string { return luhnComplete("35" + d.digits(12)) }},
	{"IMEISV, 16 digits of 35", false, func(d dice) string { return "35" + d.digits(14) }},
	{"German IBAN, in groups", false, func(d dice) string {
		return "DE" + d.digits(2) + " " + strings.Join(inFours(d.digits(18)), " ")
	}},
	{"15 decimal digits", false, func(d dice) string { return d.digits(15) }},
	{"16 decimal digits", false, func(d dice) string { return d.digits(16) }},
	{"18 decimal digits", false, func(d dice) string { return d.digits(18) }},
	{"19 decimal digits", false, func(d dice) string { return d.digits(19) }},
}

// TestFalseAlarms counts how often each form of identifier is taken for a PAN. Those
// that are measured as none must stay so; the others must have the rates that the page
// tells of, as far as the number of draws shows.
func TestFalseAlarms(t *testing.T) {
	page, err := os.ReadFile(guardPage)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("\n| form | as free text | as an identifier |\n| --- | --- | --- |\n")
	for _, form := range idForms {
		t.Run(form.name, func(t *testing.T) {
			random := newDice()
			text, whole := 0, 0
			for range *draws {
				id := form.draw(random)
				if walletport.ContainsPAN(id) {
					text++
				}
				if walletport.IsPAN(id) {
					whole++
				}
			}
			if form.none && text+whole > 0 {
				t.Errorf("%d of %d are taken for PANs as free text, %d as identifiers", text, *draws, whole)
			}
			row := fmt.Sprintf("| %s | %s | %s |\n", form.name, oneIn(text, *draws), oneIn(whole, *draws))
			table.WriteString(row)
			if !*updateDocs {
				wantRates(t, string(page), form.name, text, whole)
			}
		})
	}
	if *updateDocs {
		want := mustReplaceTable(t, string(page), ratesBegin, table.String()+"\n")
		if err := os.WriteFile(guardPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func oneIn(hits, of int) string {
	if hits == 0 {
		return "none"
	}
	return fmt.Sprintf("1 in %d", int(math.Round(float64(of)/float64(hits))))
}

// wantRates compares counts with the row of the page: five standard deviations, and a
// few for rates that so few draws can hardly show.
func wantRates(t *testing.T, page, form string, counts ...int) {
	t.Helper()
	_, row, found := strings.Cut(page, "\n| "+form+" | ")
	cells := strings.Split(row, " |")
	if !found || len(cells) < len(counts) {
		t.Fatalf("%s has no row for it", guardPage)
	}
	for i, got := range counts {
		want := 0.0
		if n, ok := strings.CutPrefix(strings.TrimSpace(cells[i]), "1 in "); ok {
			of, err := strconv.Atoi(n)
			if err != nil {
				t.Fatal(err)
			}
			want = float64(*draws) / float64(of)
		}
		if math.Abs(float64(got)-want) > 5*math.Sqrt(want)+3 {
			t.Errorf("%d of %d, the page says %s", got, *draws, cells[i])
		}
	}
}

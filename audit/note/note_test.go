package note_test

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/audit/note"
)

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune('A'+seed)), ed25519.SeedSize)))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

var checkpoint = note.Checkpoint{Origin: "bank.example/audit", Size: 20852163, Root: [32]byte{1, 2, 3}}

func mustSign(t testing.TB, c note.Checkpoint, k ed25519.PrivateKey) string {
	t.Helper()
	text, err := note.Sign(c, k)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func mustWitness(t testing.TB, name string, k ed25519.PrivateKey) *note.Witness {
	t.Helper()
	w, err := note.NewWitness(name, public(k))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// cosign makes the line of a witness as c2sp.org/tlog-cosignature says.
func cosign(w *note.Witness, k ed25519.PrivateKey, text string, at int64) string {
	body := text[:strings.Index(text, "\n\n")+1]
	signature := binary.BigEndian.AppendUint32(nil, w.KeyHash())
	signature = binary.BigEndian.AppendUint64(signature, uint64(at))
	signature = append(signature, ed25519.Sign(k, []byte("cosignature/v1\ntime "+strconv.FormatInt(at, 10)+"\n"+body))...)
	return "\u2014 " + w.Name() + " " + base64.StdEncoding.EncodeToString(signature) + "\n"
}

func TestANoteIsReadAsItWasSigned(t *testing.T) {
	text := mustSign(t, checkpoint, key(0))
	want := "bank.example/audit\n20852163\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\u2014 bank.example/audit "
	if !strings.HasPrefix(text, want) {
		t.Errorf("the note is\n%s", text)
	}
	one, two := mustWitness(t, "w1.example", key(1)), mustWitness(t, "w2.example", key(2))
	text = note.Cosign(text, cosign(one, key(1), text, 1700000000), cosign(two, key(2), text, 1700000001))
	opened, err := note.Open(text, note.Keys{Public: []ed25519.PublicKey{public(key(9)), public(key(0)), public(key(0))}, Witnesses: []*note.Witness{two, two}})
	if err != nil {
		t.Fatal(err)
	}
	wanted := note.Opened{Checkpoint: checkpoint, Cosigned: []note.Cosigned{{Witness: two, At: time.Unix(1700000001, 0).UTC()}}}
	if diff := cmp.Diff(wanted, opened, cmp.AllowUnexported(note.Witness{})); diff != "" {
		t.Errorf("Open (-want +got):\n%s", diff)
	}
}

// TestTwoKeysOfOneNameAreTwoWitnesses: a witness that changed its key is another one.
func TestTwoKeysOfOneNameAreTwoWitnesses(t *testing.T) {
	text := mustSign(t, checkpoint, key(0))
	former, current := mustWitness(t, "w.example", key(1)), mustWitness(t, "w.example", key(2))
	if former.ID() == current.ID() || !strings.HasPrefix(current.String(), current.ID()+"+") {
		t.Errorf("the keys are of %s and %s", former.ID(), current)
	}
	text = note.Cosign(text, cosign(current, key(2), text, 1700000000))
	opened, err := note.Open(text, note.Keys{Public: []ed25519.PublicKey{public(key(0))}, Witnesses: []*note.Witness{former, current}})
	if err != nil || len(opened.Cosigned) != 1 || opened.Cosigned[0].Witness != current {
		t.Errorf("Open: %+v, %v", opened, err)
	}
}

func TestWhatIsNoGoodNote(t *testing.T) {
	good := mustSign(t, checkpoint, key(0))
	w := mustWitness(t, "w1.example", key(1))
	line := cosign(w, key(1), good, 1700000000)
	signed := func(text string) string { // by the log's key, whatever it says
		verifier, err := note.LogKey(checkpoint.Origin, public(key(0)))
		if err != nil {
			t.Fatal(err)
		}
		raw := binary.BigEndian.AppendUint32(nil, verifier.KeyHash())
		raw = append(raw, ed25519.Sign(key(0), []byte(text))...)
		return text + "\n\u2014 " + checkpoint.Origin + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
	}
	root := "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", note.ErrMalformed},
		{"no signature", good[:strings.Index(good, "\n\n")+1], note.ErrMalformed},
		{"another size", strings.Replace(good, "20852163", "20852164", 1), note.ErrForged},
		{"another key", mustSign(t, checkpoint, key(5)), note.ErrUnsigned},
		{"another origin with the same key", strings.Replace(good, "\u2014 bank", "\u2014 blank", 1), note.ErrUnsigned},
		{"a witness alone", good[:strings.Index(good, "\n\n")+2] + line, note.ErrUnsigned},
		{"a witness that signed another note", good + cosign(w, key(1), mustSign(t, note.Checkpoint{Origin: "bank.example/audit", Size: 3}, key(0)), 1700000000), note.ErrForged},
		{"a witness whose time was changed", good + cosign(w, key(2), good, 1700000000), note.ErrForged},
		{"a witness without a time", good + cosign(w, key(1), good, 0), note.ErrForged},
		{"a witness with a time beyond the year 9999", good + cosign(w, key(1), good, 253402300800), note.ErrForged},
		{"a witness with a time below zero", good + cosign(w, key(1), good, -1), note.ErrForged},
		{"an origin that is no name", signed("bank example\n7\n" + root), note.ErrMalformed},
		{"two lines", signed("bank.example/audit\n7\n"), note.ErrMalformed},
		{"a size with a zero in front", signed("bank.example/audit\n07\n" + root), note.ErrMalformed},
		{"a size below zero", signed("bank.example/audit\n-7\n" + root), note.ErrMalformed},
		{"a size with a plus", signed("bank.example/audit\n+7\n" + root), note.ErrMalformed},
		{"a short root", signed("bank.example/audit\n7\nAQID\n"), note.ErrMalformed},
		{"a root that is no base64", signed("bank.example/audit\n7\n" + strings.Replace(root, "=", "!", 1)), note.ErrMalformed},
		{"an empty line within", signed("bank.example/audit\n7\n" + root + "\nmore\n"), note.ErrMalformed},
		{"a note without end", signed("bank.example/audit\n7\n" + root + strings.Repeat("a", note.MaxBytes) + "\n"), note.ErrMalformed},
	} {
		_, err := note.Open(c.text, note.Keys{Public: []ed25519.PublicKey{public(key(0))}, Witnesses: []*note.Witness{w}})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := note.Open(signed("bank.example/audit\n7\n"+root+"an extension\n"), note.Keys{Public: []ed25519.PublicKey{public(key(0))}}); err != nil {
		t.Errorf("with an extension line: %v", err)
	}
	last := good + cosign(w, key(1), good, 253402300799)
	if opened, err := note.Open(last, note.Keys{Public: []ed25519.PublicKey{public(key(0))}, Witnesses: []*note.Witness{w}}); err != nil || len(opened.Cosigned) != 1 {
		t.Errorf("confirmed in the last second of the year 9999: %+v, %v", opened, err)
	}
}

// TestANameIsOneWordWithoutAPlus: it stands before a space in signatures and before a plus in keys.
func TestANameIsOneWordWithoutAPlus(t *testing.T) {
	for name, want := range map[string]bool{
		"bank.example/audit": true, "b\u00e4nk": true,
		"": false, "a b": false, "a\u00a0b": false, "a\nb": false, "a\x00b": false, "a\x1b[2Jb": false, "a\x7fb": false, "a+b": false, "a\xff": false,
	} {
		if note.ValidName(name) != want {
			t.Errorf("%q is a name: %t", name, !want)
		}
		if _, err := note.NewWitness(name, public(key(0))); (err == nil) != want {
			t.Errorf("a witness %q: %v", name, err)
		}
	}
}

func TestKeysReadAsTheyArePublished(t *testing.T) {
	// A witness that runs in public, by the tests of github.com/transparency-dev/formats.
	const remora = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
	w, err := note.ParseWitness(remora)
	if err != nil || w.Name() != "remora.n621.de" || w.String() != remora {
		t.Errorf("ParseWitness = %v, %v", w, err)
	}
	// The example of c2sp.org/signed-note.
	const neumann = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
	name, public, err := note.ParseLogKey(neumann)
	if err != nil || name != "PeterNeumann" {
		t.Errorf("ParseLogKey = %q, %v", name, err)
	}
	if got, err := note.EncodeLogKey(name, public); got != neumann || err != nil {
		t.Errorf("EncodeLogKey = %q, %v", got, err)
	}
	for _, wrong := range []string{
		"", "name", "name+da77ade7", neumann, strings.Replace(remora, "da77", "da78", 1), strings.Replace(remora, "remora", "rem ora", 1),
		strings.TrimSuffix(remora, "2"), remora + "AAAA", "+" + remora,
		otherType(w), // whose id is right but for the type
	} {
		if _, err := note.ParseWitness(wrong); !errors.Is(err, note.ErrMalformed) {
			t.Errorf("%q is a witness's key: %v", wrong, err)
		}
	}
	for _, wrong := range []string{"", "name", remora, strings.Replace(neumann, "c74f", "c74e", 1), neumann + "A"} {
		if _, _, err := note.ParseLogKey(wrong); !errors.Is(err, note.ErrMalformed) {
			t.Errorf("%q is a log's key: %v", wrong, err)
		}
	}
}

// otherType returns the key of a witness as that of a log, with the witness's id.
func otherType(w *note.Witness) string {
	raw, err := base64.StdEncoding.DecodeString(w.String()[len(w.ID())+1:])
	if err != nil {
		panic(err)
	}
	raw[0] = 1
	return w.ID() + "+" + base64.StdEncoding.EncodeToString(raw)
}

func TestWhatCannotSign(t *testing.T) {
	away := errors.New("the custodian is away")
	for _, c := range []struct {
		name   string
		origin string
		key    crypto.Signer
	}{
		{"a name with a space", "a b", key(0)},
		{"a name with a line feed", "a\nb", key(0)},
		{"no name", "", key(0)},
		{"no private key", "a", nil},
		{"a custodian that fails", "a", failing{key(0), away}},
		{"another kind of key", "a", failing{key(0), nil}},
	} {
		if text, err := note.Sign(note.Checkpoint{Origin: c.origin}, c.key); err == nil {
			t.Errorf("%s: %q", c.name, text)
		}
	}
	if _, err := note.Sign(checkpoint, failing{key(0), away}); !errors.Is(err, away) {
		t.Errorf("Sign: %v", err)
	}
}

// failing is a key that does not sign, or without an error is of no known kind.
type failing struct {
	ed25519.PrivateKey
	err error
}

func (f failing) Public() crypto.PublicKey {
	if f.err == nil {
		return struct{}{}
	}
	return f.PrivateKey.Public()
}

func (f failing) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, f.err }

func FuzzOpen(f *testing.F) {
	good, err := note.Sign(checkpoint, key(0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("a\n0\n\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		opened, err := note.Open(text, note.Keys{Public: []ed25519.PublicKey{public(key(0))}})
		if err == nil && opened.Checkpoint != checkpoint {
			t.Errorf("%q is a note that nobody signed", text)
		}
	})
}

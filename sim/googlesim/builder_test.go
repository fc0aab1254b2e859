package googlesim_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	_ "crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/googlesim"
)

// The builder below puts opaque payment cards together packet by packet, right ones
// and wrong ones. It shares nothing with the package under test and nothing with
// walletport's encoders.

const (
	testPAN     = "5204247750001471"
	otherPAN    = "5555555555554444"
	testSession = "0b1d6c9e-8a56-4c5e-9a53-1f0a8f6c2d11"
)

var testNow = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func now() time.Time { return testNow }

type members = map[string]any

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// ring are the keys of all tests, each made when it is first asked for: that takes
// long.
type ring struct {
	google, otherGoogle                      func() *googlesim.Key
	googleEntity, otherEntity                func() *openpgp.Entity
	issuer, unknown, expired, early, revoked func() *openpgp.Entity
}

func issuerKey(made time.Time, lifetime time.Duration) *openpgp.Entity {
	return must(openpgp.NewEntity("Test Issuer", "", "issuer@example.com", &packet.Config{Rand: rand.Reader, Time: func() time.Time { return made },
		Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048, KeyLifetimeSecs: uint32(lifetime / time.Second), DefaultHash: crypto.SHA384}))
}

func entityOf(k *googlesim.Key) *openpgp.Entity {
	return must(googlesim.ParseCertificates(must(k.Public())))[0]
}

var keys = sync.OnceValue(func() *ring {
	const year = 365 * 24 * time.Hour
	day := testNow.AddDate(0, 0, -1)
	google := func() *googlesim.Key { return must(googlesim.NewKey(rand.Reader, day)) }
	issuer := func(made time.Time) func() *openpgp.Entity {
		return sync.OnceValue(func() *openpgp.Entity { return issuerKey(made, year) })
	}
	r := &ring{google: sync.OnceValue(google), otherGoogle: sync.OnceValue(google), issuer: issuer(day), unknown: issuer(day),
		expired: issuer(testNow.AddDate(-2, 0, 0)), early: issuer(testNow.Add(time.Hour))}
	r.googleEntity = sync.OnceValue(func() *openpgp.Entity { return entityOf(r.google()) })
	r.otherEntity = sync.OnceValue(func() *openpgp.Entity { return entityOf(r.otherGoogle()) })
	r.revoked = sync.OnceValue(func() *openpgp.Entity {
		e := issuerKey(day, year)
		check(e.RevokeKey(packet.KeyCompromised, "test", &packet.Config{Time: func() time.Time { return day }}))
		return e
	})
	return r
})

// recipe is an opaque payment card to be made. The zero hooks leave everything right.
type recipe struct {
	card       members
	plaintext  []byte // replaces the JSON
	signers    []*packet.PrivateKey
	hash       crypto.Hash
	signType   packet.SignatureType
	signedAt   time.Time
	signedText []byte              // what is signed in place of the literal
	inside     func([]byte) []byte // changes the packets below the encryption
	recipient  *packet.PublicKey
	cipher     packet.CipherFunction
	sessionKey []byte
	pkesk      func() []byte       // replaces the session key packet
	seipd      func([]byte) []byte // replaces the encrypted data packet
	message    func([]byte) []byte // changes the whole message
	encode     func([]byte) any
	keys       func(*googlesim.Keys)
}

func newRecipe() *recipe {
	k := keys()
	return &recipe{
		card: members{"protocolHeader": members{"version": 1}, "validationContext": members{"serverSessionId": testSession},
			"paymentCard": members{"accountNumber": testPAN, "expiryMonth": "11", "expiryYear": "29"}},
		signers: []*packet.PrivateKey{k.issuer().PrivateKey}, hash: crypto.SHA384, signedAt: testNow,
		recipient: k.googleEntity().Subkeys[0].PublicKey, cipher: packet.CipherAES256, sessionKey: bytes.Repeat([]byte("k"), 32),
		encode: func(raw []byte) any { return base64.StdEncoding.EncodeToString(raw) },
	}
}

type noClose struct{ io.Writer }

func (noClose) Close() error { return nil }

// raw writes a packet in the new form with a length of four octets, RFC 4880 section 4.2.
func raw(tag byte, body []byte) []byte {
	return slices.Concat([]byte{0xc0 | tag, 0xff}, binary.BigEndian.AppendUint32(nil, uint32(len(body))), body)
}

func literal(text []byte) []byte {
	return raw(11, slices.Concat([]byte{'b', 0, 0, 0, 0, 0}, text))
}

// signed writes one-pass signature, literal and signature, the latter in the order of
// RFC 4880 section 5.4.
func (r *recipe) signed(text []byte) []byte {
	var out, tail bytes.Buffer
	signedText := text
	if r.signedText != nil {
		signedText = r.signedText
	}
	for i, key := range r.signers {
		check((&packet.OnePassSignature{Version: 3, SigType: r.signType, Hash: r.hash, PubKeyAlgo: key.PubKeyAlgo, KeyId: key.KeyId, IsLast: i == len(r.signers)-1}).Serialize(&out))
		var one bytes.Buffer
		check(r.signature(signedText, key).Serialize(&one))
		tail = *bytes.NewBuffer(append(one.Bytes(), tail.Bytes()...))
	}
	out.Write(literal(text))
	out.Write(tail.Bytes())
	return out.Bytes()
}

func (r *recipe) signature(text []byte, key *packet.PrivateKey) *packet.Signature {
	s := &packet.Signature{Version: 4, SigType: r.signType, PubKeyAlgo: key.PubKeyAlgo, Hash: r.hash, CreationTime: r.signedAt, IssuerKeyId: &key.KeyId}
	h := r.hash.New()
	h.Write(text)
	check(s.Sign(h, key, &packet.Config{Time: now, NonDeterministicSignaturesViaNotation: new(false)}))
	return s
}

func (r *recipe) raw() []byte {
	plaintext := r.plaintext
	if plaintext == nil {
		plaintext = must(json.Marshal(r.card))
	}
	inside := r.signed(plaintext)
	if r.inside != nil {
		inside = r.inside(inside)
	}
	var pkesk bytes.Buffer
	if r.pkesk != nil {
		pkesk.Write(r.pkesk())
	} else {
		check(packet.SerializeEncryptedKey(&pkesk, r.recipient, r.cipher, r.sessionKey, nil))
	}
	encrypt := r.encrypted
	if r.seipd != nil {
		encrypt = r.seipd
	}
	message := append(pkesk.Bytes(), encrypt(inside)...)
	if r.message != nil {
		message = r.message(message)
	}
	return message
}

func (r *recipe) encrypted(inside []byte) []byte {
	var out bytes.Buffer
	w := must(packet.SerializeSymmetricallyEncrypted(noClose{&out}, r.cipher, false, packet.CipherSuite{}, r.sessionKey, nil))
	must(w.Write(inside))
	check(w.Close())
	return out.Bytes()
}

func (r *recipe) text() string { return r.encode(r.raw()).(string) }

func simKeys() googlesim.Keys {
	k := keys()
	return googlesim.Keys{Google: []*googlesim.Key{k.google()}, Issuers: openpgp.EntityList{k.issuer(), k.expired(), k.early(), k.revoked()},
		ServerSessionID: testSession, SessionUsed: func(string) bool { return false }, Now: now}
}

func (r *recipe) simKeys() googlesim.Keys {
	k := simKeys()
	if r.keys != nil {
		r.keys(&k)
	}
	return k
}

// mustNotShow fails if a whole PAN stands in the report, in JSON or for humans.
func mustNotShow(t *testing.T, report googlesim.Report, pans ...string) {
	t.Helper()
	var human bytes.Buffer
	check(googlesim.WriteText(&human, report))
	for _, out := range []string{string(must(json.Marshal(report))), human.String()} {
		if walletport.ContainsPAN(out) {
			t.Errorf("the report shows what reads like a PAN: %s", out)
		}
		for _, pan := range append(pans, testPAN, otherPAN) {
			if strings.Contains(strings.NewReplacer(" ", "", "-", "").Replace(out), pan) {
				t.Errorf("the report shows a whole PAN")
			}
		}
	}
}

func codeOf(v sim.Verdict) string {
	if v.FirstFault == nil {
		return ""
	}
	return v.FirstFault.Code
}

func in(object string, change func(members)) func(*recipe) {
	return func(r *recipe) { change(r.card[object].(members)) }
}

func inCard(change func(members)) func(*recipe) { return func(r *recipe) { change(r.card) } }

func set(name string, value any) func(members) { return func(m members) { m[name] = value } }
func remove(name string) func(members)         { return func(m members) { delete(m, name) } }
func rename(from, to string) func(members) {
	return func(m members) { m[to] = m[from]; delete(m, from) }
}

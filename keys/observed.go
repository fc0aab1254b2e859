package keys

import (
	"crypto"
	"io"
	"sync/atomic"
)

// Operation is what is done with a key.
type Operation string

// The operations of handles. What is done with a public half alone is none of them: no
// custodian is asked for it.
const (
	OpSign    Operation = "sign"
	OpDecrypt Operation = "decrypt"
	OpWrap    Operation = "wrap"
	OpUnwrap  Operation = "unwrap"
	OpEncrypt Operation = "encrypt" // of TDEA
	OpMAC     Operation = "mac"
)

// Observer is told of each operation of a custodian, from the goroutine that waits for it, so
// its methods must return at once. They are called by many goroutines.
type Observer interface {
	// KeyBegan is told that an operation begins; end is called once when it has ended.
	KeyBegan(p Purpose, o Operation) (end func())
}

// Observe returns s with keys whose handles tell o what they do. Current costs one comparison
// more than that of s; the handles are wrapped once for each Ring of s.
func Observe(s Refresher, o Observer) Refresher { return &observedSource{source: s, observer: o} }

type observedSource struct {
	source   Refresher
	observer Observer
	last     atomic.Pointer[observedRing]
}

// observedRing is a Ring, and the same with handles that tell.
type observedRing struct{ ring, telling *Ring }

// Current implements Source.
func (s *observedSource) Current() *Ring { return s.observe(s.source.Current()) }

// Refresh implements Refresher.
func (s *observedSource) Refresh() *Ring { return s.observe(s.source.Refresh()) }

func (s *observedSource) observe(ring *Ring) *Ring {
	last := s.last.Load()
	if last != nil && last.ring == ring {
		return last.telling
	}
	all := make([]*Key, 0, len(ring.All()))
	for _, k := range ring.All() {
		all = append(all, observedKey(k, s.observer))
	}
	made := &observedRing{ring: ring, telling: NewRing(all)}
	if !s.last.CompareAndSwap(last, made) {
		if first := s.last.Load(); first.ring == ring { // somebody has wrapped it meanwhile
			return first.telling
		}
	}
	return made.telling
}

func observedKey(k *Key, o Observer) *Key {
	told := *k
	t := teller{opaque: "keys.Observed", observer: o, purpose: k.Purpose}
	if k.Signer != nil {
		told.Signer = observedSigner{t, k.Signer}
	}
	if k.Decrypter != nil {
		told.Decrypter = observedDecrypter{t, k.Decrypter}
	}
	if k.KEK != nil {
		told.KEK = observedKEK{t, k.KEK}
	}
	if k.MAC != nil {
		told.MAC = observedMAC{t, k.MAC}
	}
	if k.TDEA != nil {
		told.TDEA = observedTDEA{t, k.TDEA}
	}
	return &told
}

// teller tells of what the handles of one key do.
type teller struct {
	opaque
	observer Observer
	purpose  Purpose
}

// begin tells that an operation began, and returns what tells that it ended.
func (t teller) begin(o Operation) (end func()) { return t.observer.KeyBegan(t.purpose, o) }

type observedSigner struct {
	teller
	signer crypto.Signer
}

func (s observedSigner) Public() crypto.PublicKey { return s.signer.Public() }

func (s observedSigner) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	defer s.begin(OpSign)()
	return s.signer.Sign(rand, digest, opts)
}

type observedDecrypter struct {
	teller
	decrypter crypto.Decrypter
}

func (d observedDecrypter) Public() crypto.PublicKey { return d.decrypter.Public() }

func (d observedDecrypter) Decrypt(rand io.Reader, ciphertext []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	defer d.begin(OpDecrypt)()
	return d.decrypter.Decrypt(rand, ciphertext, opts)
}

type observedKEK struct {
	teller
	kek KEK
}

func (k observedKEK) Wrap(key, associatedData []byte) ([]byte, error) {
	defer k.begin(OpWrap)()
	return k.kek.Wrap(key, associatedData)
}

func (k observedKEK) Unwrap(wrapped, associatedData []byte) ([]byte, error) {
	defer k.begin(OpUnwrap)()
	return k.kek.Unwrap(wrapped, associatedData)
}

type observedMAC struct {
	teller
	mac MAC
}

func (m observedMAC) Sum(data []byte) []byte {
	defer m.begin(OpMAC)()
	return m.mac.Sum(data)
}

type observedTDEA struct {
	teller
	tdea TDEA
}

func (k observedTDEA) EncryptBlocks(plaintext []byte) ([]byte, error) {
	defer k.begin(OpEncrypt)()
	return k.tdea.EncryptBlocks(plaintext)
}

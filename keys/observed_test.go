package keys_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
)

// told notes what keys do.
type told struct{ seen []string }

func (o *told) KeyBegan(p keys.Purpose, op keys.Operation) (end func()) {
	o.seen = append(o.seen, "+"+string(p)+" "+string(op))
	return func() { o.seen = append(o.seen, "-"+string(p)+" "+string(op)) }
}

// refreshed is a source whose catalogue is another after Refresh.
type refreshed struct {
	*keystest.Source
	next *keys.Ring
}

func (r refreshed) Refresh() *keys.Ring {
	r.Replace(r.next)
	return r.Current()
}

func TestObservedKeysTellWhatTheyDo(t *testing.T) {
	ring := keystest.Ring(t, keys.Meta{Purpose: keys.TAVSigning}, keys.Meta{Purpose: keys.VTSDecryption}, keys.Meta{Purpose: keys.VaultKEK},
		keys.Meta{Purpose: keys.VaultIndex}, keys.Meta{Purpose: keys.WSD}, keys.Meta{Purpose: keys.MDESEncryption})
	o := &told{}
	source := keys.Observe(refreshed{keystest.NewSource(ring), nil}, o)
	key := func(p keys.Purpose) *keys.Key {
		k, err := source.Current().Select(p, "", "", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	digest := sha256.Sum256([]byte("text"))
	for _, c := range []struct {
		purpose keys.Purpose
		op      keys.Operation
		do      func(k *keys.Key) (good bool, err error)
	}{
		{keys.TAVSigning, keys.OpSign, func(k *keys.Key) (bool, error) {
			signature, err := k.Signer.Sign(rand.Reader, digest[:], crypto.SHA256)
			public, _ := k.Signer.Public().(*rsa.PublicKey)
			return err == nil && rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil, err
		}},
		{keys.VTSDecryption, keys.OpDecrypt, func(k *keys.Key) (bool, error) {
			public, _ := k.Decrypter.Public().(*rsa.PublicKey)
			sealed, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, []byte("key"), nil)
			if err != nil {
				return false, err
			}
			opened, err := k.Decrypter.Decrypt(rand.Reader, sealed, &rsa.OAEPOptions{Hash: crypto.SHA256})
			return string(opened) == "key", err
		}},
		{keys.VaultKEK, keys.OpWrap, func(k *keys.Key) (bool, error) {
			wrapped, err := k.KEK.Wrap([]byte("key"), nil)
			return len(wrapped) > 3, err
		}},
		{keys.VaultIndex, keys.OpMAC, func(k *keys.Key) (bool, error) {
			plain, err := ring.Select(keys.VaultIndex, "", "", time.Now())
			return bytes.Equal(k.MAC.Sum(digest[:]), plain.MAC.Sum(digest[:])), err
		}},
		{keys.WSD, keys.OpEncrypt, func(k *keys.Key) (bool, error) {
			sealed, err := k.TDEA.EncryptBlocks(digest[:])
			return len(sealed) == len(digest), err
		}},
	} {
		t.Run(string(c.op), func(t *testing.T) {
			o.seen = nil
			if good, err := c.do(key(c.purpose)); err != nil || !good {
				t.Errorf("the key does something else: %v", err)
			}
			want := []string{"+" + string(c.purpose) + " " + string(c.op), "-" + string(c.purpose) + " " + string(c.op)}
			if !slices.Equal(o.seen, want) {
				t.Errorf("it told %q, want %q", o.seen, want)
			}
		})
	}
	t.Run("unwrap", func(t *testing.T) {
		kek := key(keys.VaultKEK).KEK
		wrapped, err := kek.Wrap([]byte("key"), []byte("data"))
		if err != nil {
			t.Fatal(err)
		}
		o.seen = nil
		if _, err := kek.Unwrap(wrapped, []byte("other data")); err == nil {
			t.Error("it opens with other data")
		}
		if opened, err := kek.Unwrap(wrapped, []byte("data")); err != nil || string(opened) != "key" {
			t.Errorf("%q, %v", opened, err)
		}
		if want := []string{"+vault-kek unwrap", "-vault-kek unwrap", "+vault-kek unwrap", "-vault-kek unwrap"}; !slices.Equal(o.seen, want) {
			t.Errorf("it told %q, want %q", o.seen, want)
		}
	})
	t.Run("a public half has no handle", func(t *testing.T) {
		if k := key(keys.MDESEncryption); k.Signer != nil || k.Decrypter != nil || k.KEK != nil || k.MAC != nil || k.TDEA != nil || k.Public == nil {
			t.Errorf("key %+v", k)
		}
	})
}

func TestObservedKeysFollowTheirSource(t *testing.T) {
	first, second := keystest.Ring(t, keys.Meta{Purpose: keys.TAVSigning}), keystest.Ring(t, keys.Meta{Purpose: keys.VaultKEK})
	source := keys.Observe(refreshed{keystest.NewSource(first), second}, &told{})
	before := source.Current()
	if before == first || before != source.Current() {
		t.Error("the handles are not wrapped, or more than once")
	}
	if !before.Serves(keys.TAVSigning, time.Now()) {
		t.Error("the ring lacks its key")
	}
	after := source.Refresh()
	if !after.Serves(keys.VaultKEK, time.Now()) || after != source.Current() {
		t.Error("the ring is not the new one")
	}
}

// TestARingIsWrappedOnce, also where many ask for it first at the same time.
func TestARingIsWrappedOnce(t *testing.T) {
	origin := keystest.NewSource(keys.NewRing(nil))
	source := keys.Observe(refreshed{origin, nil}, &told{})
	key := keystest.Key(t, keys.Meta{Purpose: keys.VaultKEK})
	for range 2000 {
		origin.Replace(keys.NewRing([]*keys.Key{key, key, key, key}))
		var callers sync.WaitGroup
		var got [4]*keys.Ring
		begin := make(chan struct{})
		for i := range got {
			callers.Go(func() {
				<-begin
				got[i] = source.Current()
			})
		}
		close(begin)
		callers.Wait()
		for _, ring := range got {
			if ring != source.Current() {
				t.Fatal("two have different handles of one key")
			}
		}
	}
}

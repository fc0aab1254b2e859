package tokens_test

import (
	"io"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/tokens"
)

// TestRehearse: whether a scheme can be asked is known before anybody asks.
func TestRehearse(t *testing.T) {
	for _, c := range []struct {
		name   string
		access access.Keys
		manage func(*book) scheme.TokenManager
		reason string
	}{
		{"with all keys", access.Keys{Signing: keys.MDESOAuth}, nil, ""},
		{"without a key that it signs with", access.Keys{Signing: keys.VTSSigning}, nil, "key_unavailable"},
		{"without a key that opens", access.Keys{Signing: keys.MDESOAuth, Opening: keys.MDESCSDecryption}, nil, "key_unavailable"},
		{"with one that makes no request", access.Keys{Signing: keys.MDESOAuth}, func(b *book) scheme.TokenManager { return mute{b} }, "key_unusable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openBank(t, func(p *tokens.Parts) {
				s := p.Schemes[walletport.Mastercard]
				s.Keys = c.access
				if c.manage != nil {
					s.Manager = c.manage(s.Manager.(*book))
				}
				p.Schemes = map[walletport.SchemeID]tokens.Scheme{walletport.Mastercard: s}
			})
			all := b.Rehearse([]walletport.IssuerID{"acme", "globex"})
			if len(all) != 2 || all[0].Issuer != "acme" || all[1].Issuer != "globex" || all[0].Offer != "tokens of MASTERCARD cards" {
				t.Fatalf("rehearsals %+v", all)
			}
			for _, r := range all {
				if got := walletport.ReasonOf(r.Err); r.Err == nil && c.reason != "" || r.Err != nil && got != c.reason {
					t.Errorf("%s: %v, want %q", r.Issuer, r.Err, c.reason)
				}
			}
			if asked := b.questions(); len(asked) != 0 {
				t.Errorf("the scheme was asked %v", asked)
			}
		})
	}
}

// mute is a scheme whose requests cannot be made.
type mute struct{ *book }

func (m mute) CardTokens(in scheme.CardTokensInput) (scheme.Query[scheme.TokenPage], error) {
	query, err := m.book.CardTokens(in)
	query.Request = func(time.Time, io.Reader) (scheme.Request, error) {
		return scheme.Request{}, walletport.Errorf(walletport.CodeUnavailable, "key_unusable", "the key signs nothing")
	}
	return query, err
}

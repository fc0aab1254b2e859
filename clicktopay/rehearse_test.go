package clicktopay_test

import (
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/scheme"
)

// TestRehearse: whether a customer can be enrolled is known before anybody asks. The messages
// are Visa's own, with keys of our own making.
func TestRehearse(t *testing.T) {
	all := access.Keys{Secret: keys.ClickToPayAPI, Recipient: keys.ClickToPayEncryption}
	for _, c := range []struct {
		name   string
		keys   access.Keys
		enrol  func(scheme.Enroller) scheme.Enroller
		reason string
	}{
		{"with all keys", all, nil, ""},
		{"without a key that opens", access.Keys{Secret: keys.ClickToPayAPI, Recipient: keys.ClickToPayEncryption, Opening: keys.ClickToPayDecryption}, nil, "key_unavailable"},
		{"without a key that it seals to", access.Keys{Secret: keys.ClickToPayAPI}, nil, "key_unusable"},
		{"with rules that no customer keeps", all, func(e scheme.Enroller) scheme.Enroller { return strict{e} }, "enrolment_data_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := newRulebook(t)
			d := newDesk(t, acttest.Database(t), visaOf(rules, rules), func(p *clicktopay.Parts) {
				p.Keys = keystest.NewSource(keystest.Ring(t, keys.Meta{Purpose: keys.ClickToPayAPI}, keys.Meta{Purpose: keys.ClickToPayEncryption}))
				p.Visa.Keys = c.keys
				if c.enrol != nil {
					p.Visa.Enroller = c.enrol(rules)
				}
			})
			kept, before := d.kept(t), len(d.records(t))
			tried := d.Rehearse([]walletport.IssuerID{"acme", "nobids", "globex"})
			if len(tried) != 2 || tried[0].Issuer != "acme" || tried[1].Issuer != "globex" || tried[0].Offer != "Click to Pay of VISA cards" {
				t.Fatalf("rehearsals %+v", tried)
			}
			for _, r := range tried {
				if walletport.ReasonOf(r.Err) != c.reason {
					t.Errorf("%s: %v, want %q", r.Issuer, r.Err, c.reason)
				}
			}
			if d.kept(t) != kept || len(d.records(t)) != before {
				t.Error("something was kept")
			}
		})
	}
}

// strict finds a fault in everything.
type strict struct{ scheme.Enroller }

func (s strict) ChangeEnrolment(scheme.EnrolmentInput) (scheme.Command, error) {
	return scheme.Command{}, walletport.ErrField("enrolment_data_invalid", "products", "are not taken")
}

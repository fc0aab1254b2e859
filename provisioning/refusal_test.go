package provisioning_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/storage"
)

// refusal is one way to be refused: the rig is new, but for what prepare says.
type refusal struct {
	name    string
	prepare func(*testing.T, *rig, *provisioning.PushRequest)
	code    walletport.Code
	reason  string
	issuer  walletport.IssuerID // as recorded
	scheme  walletport.SchemeID
}

// otherCard stores a card that differs from the usual one by change, and asks for it.
func otherCard(digits string, change func(*walletport.Card)) func(*testing.T, *rig, *provisioning.PushRequest) {
	return func(t *testing.T, r *rig, q *provisioning.PushRequest) {
		r.Put(t, acttest.NewCard(t, 1002, digits, change))
		q.CardID = 1002
	}
}

// withKeys serves the usual keys, each changed, but for those that change drops.
func withKeys(change func(*keys.Meta) (keep bool)) func(*testing.T, *rig, *provisioning.PushRequest) {
	return func(t *testing.T, r *rig, _ *provisioning.PushRequest) {
		kept := []*keys.Key{}
		for _, k := range r.Ring.Current().All() {
			changed := *k
			if change(&changed.Meta) {
				kept = append(kept, &changed)
			}
		}
		r.Ring.Replace(keys.NewRing(kept))
	}
}

func changeKey(p keys.Purpose, change func(*keys.Meta)) func(*testing.T, *rig, *provisioning.PushRequest) {
	return withKeys(func(m *keys.Meta) bool {
		if m.Purpose == p {
			change(m)
		}
		return true
	})
}

func dropKey(p keys.Purpose) func(*testing.T, *rig, *provisioning.PushRequest) {
	return withKeys(func(m *keys.Meta) bool { return m.Purpose != p })
}

func changeProvider(change func(*provisioning.Offer)) func(*testing.T, *rig, *provisioning.PushRequest) {
	return func(_ *testing.T, r *rig, _ *provisioning.PushRequest) { change(r.Offers[0]) }
}

func refusals() []refusal {
	none := func(*walletport.Card) {}
	return []refusal{
		{"an unknown wallet provider", func(_ *testing.T, _ *rig, q *provisioning.PushRequest) { q.Provider = "nobody" },
			walletport.CodeNotFound, "wallet_provider_not_found", "", ""},
		{"an unknown card", func(_ *testing.T, _ *rig, q *provisioning.PushRequest) { q.CardID = 9 },
			walletport.CodeNotFound, "card_not_found", "", ""},
		{"a card of another issuer", otherCard(secondPAN, func(c *walletport.Card) { c.Issuer = "globex" }),
			walletport.CodeNotFound, "card_not_found", "globex", walletport.Mastercard},
		{"a closed card of another issuer tells no more", otherCard(secondPAN, func(c *walletport.Card) { c.Issuer, c.Status = "globex", walletport.CardClosed }),
			walletport.CodeNotFound, "card_not_found", "globex", walletport.Mastercard},
		{"a Visa card on a Mastercard call", otherCard(visaPAN, none),
			walletport.CodeForbidden, "scheme_mismatch", "acme", walletport.Visa},
		{"a closed Visa card is first of another scheme", otherCard(visaPAN, func(c *walletport.Card) { c.Status = walletport.CardClosed }),
			walletport.CodeForbidden, "scheme_mismatch", "acme", walletport.Visa},
		{"an expired card", otherCard(secondPAN, func(c *walletport.Card) { c.Expiry = walletport.Expiry{Year: 2026, Month: time.October} }),
			walletport.CodeForbidden, "card_not_eligible", "acme", walletport.Mastercard},
		{"a provider that serves other issuers", changeProvider(func(p *provisioning.Offer) { p.Issuers = []walletport.IssuerID{"globex", "initech"} }),
			walletport.CodeForbidden, "card_not_eligible", "acme", walletport.Mastercard},
		{"a provider that takes other products", changeProvider(func(p *provisioning.Offer) { p.Products = []string{"mc-credit"} }),
			walletport.CodeForbidden, "card_not_eligible", "acme", walletport.Mastercard},
		{"no encryption key", dropKey(keys.MDESEncryption),
			walletport.CodeUnavailable, "key_unavailable", "acme", walletport.Mastercard},
		{"no signing key", dropKey(keys.TAVSigning),
			walletport.CodeUnavailable, "key_unavailable", "acme", walletport.Mastercard},
		{"an encryption key that has ended this moment", changeKey(keys.MDESEncryption, func(m *keys.Meta) { m.ValidUntil = now }),
			walletport.CodeUnavailable, "key_unavailable", "acme", walletport.Mastercard},
		{"a signing key that has ended", changeKey(keys.TAVSigning, func(m *keys.Meta) { m.ValidUntil = now.Add(-time.Hour) }),
			walletport.CodeUnavailable, "key_unavailable", "acme", walletport.Mastercard},
		{"a signing key that is not valid yet", changeKey(keys.TAVSigning, func(m *keys.Meta) { m.ValidFrom = now.Add(1) }),
			walletport.CodeUnavailable, "key_unavailable", "acme", walletport.Mastercard},
		{"a signing key that is retired", changeKey(keys.TAVSigning, func(m *keys.Meta) { m.State = keys.Retired }),
			walletport.CodeUnavailable, "key_unavailable", "acme", walletport.Mastercard},
		{"an encryption key that nobody activated", changeKey(keys.MDESEncryption, func(m *keys.Meta) { m.State = keys.Pending }),
			walletport.CodeUnavailable, "key_unavailable", "acme", walletport.Mastercard},
		{"an encryption key for other BINs", changeKey(keys.MDESEncryption, func(m *keys.Meta) { m.BINs = []keys.BINRange{{Low: "520425", High: "559999"}} }),
			walletport.CodeUnavailable, "key_unavailable", "acme", walletport.Mastercard},
		{"a signing key of another issuer", changeKey(keys.TAVSigning, func(m *keys.Meta) { m.Issuer = "globex" }),
			walletport.CodeUnavailable, "key_unavailable", "acme", walletport.Mastercard},
		{"the card's own key is gone", dropKey(keys.VaultKEK),
			walletport.CodeUnavailable, "key_unavailable", "acme", walletport.Mastercard},
	}
}

func TestRefusalsAreRecordedAndHandNothingOut(t *testing.T) {
	for _, c := range refusals() {
		t.Run(c.name, func(t *testing.T) {
			r, q := newRig(t), request()
			c.prepare(t, r, &q)
			result, err := r.Push(acttest.AsBank(t.Context()), q)
			mustRefusal(t, result, err, c.code, c.reason)
			record := r.MustRecord(t)
			mustHoldNoCardData(t, err, record)
			if record.KeyVersions != nil && c.name != "the card's own key is gone" {
				t.Errorf("keys %v are recorded, none was used", record.KeyVersions)
			}
			record.KeyVersions = nil
			want := walletport.AuditRecord{
				Time: now.Truncate(time.Millisecond), RequestID: "req-7", ClientID: "bank-app", AuditUser: "ada@bank.example",
				Action: walletport.ActionProvision(walletport.IssuerWallet), Issuer: c.issuer, CardID: q.CardID, Wallet: string(q.Provider),
				Scheme: c.scheme, Outcome: c.reason, RemoteAddress: "192.0.2.7",
			}
			if diff := cmp.Diff(want, record); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnotherIssuersCardLooksExactlyLikeNone(t *testing.T) {
	r := newRig(t)
	r.Put(t, acttest.NewCard(t, 1002, secondPAN, func(c *walletport.Card) { c.Issuer = "globex" }))
	ask := func(id walletport.CardID) error {
		_, err := r.Push(acttest.AsBank(t.Context()), request(func(q *provisioning.PushRequest) { q.CardID = id }))
		return err
	}
	foreign, unknown := ask(1002), ask(9)
	if diff := cmp.Diff(fmt.Sprintf("%#v", unknown), fmt.Sprintf("%#v", foreign)); diff != "" || foreign == nil {
		t.Errorf("the two can be told apart (-unknown +foreign):\n%s", diff)
	}
	_, err := r.Push(acttest.AsClientOf(t.Context(), "globex"), request(func(q *provisioning.PushRequest) { q.CardID = 1002 }))
	if err != nil {
		t.Errorf("its own issuer's client is refused: %v", err)
	}
}

func TestNobodyFindsACard(t *testing.T) {
	r := newRig(t)
	result, err := r.Push(t.Context(), request())
	mustRefusal(t, result, err, walletport.CodeNotFound, "card_not_found")
}

// mayBeProvisioned is the table of design as people agreed on it: lost, stolen,
// blocked, suspected and closed cards get no token. A status that is not here
// fails the test below.
var mayBeProvisioned = map[walletport.CardStatus]bool{
	walletport.CardOK: true, walletport.CardNoRenewal: true,
	walletport.CardBlocked: false, walletport.CardSuspectedFraud: false, walletport.CardLost: false, walletport.CardStolen: false,
	walletport.CardClosedDueToFraud: false, walletport.CardClosed: false,
}

func TestEachCardStatus(t *testing.T) {
	// The message of ParseCardStatus lists every status there is.
	_, err := walletport.ParseCardStatus("")
	_, list, _ := strings.Cut(err.Error(), "is one of ")
	statuses := strings.Split(list, ", ")
	if len(statuses) != len(mayBeProvisioned) {
		t.Fatalf("there are %d statuses, the test knows %d", len(statuses), len(mayBeProvisioned))
	}
	r := newRig(t)
	for _, text := range statuses {
		t.Run(text, func(t *testing.T) {
			status, err := walletport.ParseCardStatus(text)
			must(t, err)
			may, known := mayBeProvisioned[status]
			if !known {
				t.Fatalf("is a provisioning of a card in this state allowed? The test does not know")
			}
			r.Put(t, acttest.NewCard(t, acmeCard, testPAN, func(c *walletport.Card) { c.Status = status }))
			result, err := r.Push(acttest.AsBank(t.Context()), request())
			outcome := walletport.OutcomeOK
			if !may {
				outcome = "card_not_eligible"
				mustRefusal(t, result, err, walletport.CodeForbidden, outcome)
			} else if err != nil || result.DigitizationData == "" {
				t.Errorf("refused: %v", err)
			}
			if got := r.MustRecord(t).Outcome; got != outcome {
				t.Errorf("recorded as %q, want %q", got, outcome)
			}
		})
	}
}

func TestStatusThatNobodyKnowsIsRefused(t *testing.T) {
	r := newRig(t)
	row, err := r.DB.Card(t.Context(), acmeCard)
	must(t, err)
	row.Status, row.ContentMAC = "CARD_MELTED", nil
	_, err = r.DB.PutCards(t.Context(), []storage.Card{row})
	must(t, err)
	result, err := r.Push(acttest.AsBank(t.Context()), request())
	mustRefusal(t, result, err, walletport.CodeForbidden, "card_not_eligible")
}

func TestCardIsGoodToTheLastMomentOfItsMonth(t *testing.T) {
	last := time.Date(2026, time.November, 30, 23, 59, 59, 999_999_999, time.UTC)
	for _, c := range []struct {
		name string
		at   time.Time
		ok   bool
	}{
		{"in the last moment of the month", last, true},
		{"in the first moment after", last.Add(1), false},
		{"in the last moment, on a clock east of Greenwich", last.In(time.FixedZone("east", 3*60*60)), true},
		{"in the first moment after, on a clock west of Greenwich", last.Add(1).In(time.FixedZone("west", -8*60*60)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, func(f *provisioning.Flow) { f.Clock = acttest.Fixed(c.at) })
			r.Put(t, acttest.NewCard(t, acmeCard, testPAN, func(card *walletport.Card) { card.Expiry = walletport.Expiry{Year: 2026, Month: time.November} }))
			result, err := r.Push(acttest.AsBank(t.Context()), request())
			if !c.ok {
				mustRefusal(t, result, err, walletport.CodeForbidden, "card_not_eligible")
			} else if err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestProviderThatNamesTheCardsIssuerAndProductServesIt(t *testing.T) {
	r := newRig(t)
	p := r.Offers[0]
	p.Issuers, p.Products = []walletport.IssuerID{"globex", "acme"}, []string{"mc-credit", "mc-debit"}
	if _, err := r.Push(acttest.AsBank(t.Context()), request()); err != nil {
		t.Errorf("refused: %v", err)
	}
}

// mustHoldNoCardData fails on a card number or name of these tests, however printed.
func mustHoldNoCardData(t *testing.T, err error, record walletport.AuditRecord) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v %+v", err, err, err, record)
	secrets := []string{testPAN, secondPAN, visaPAN, testPAN[6:12], "LOVELACE"}
	if walletport.ContainsPAN(text) || slices.ContainsFunc(secrets, func(n string) bool { return strings.Contains(text, n) }) {
		t.Errorf("an error or a record tells card data")
	}
}

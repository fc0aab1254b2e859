package vault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// newToken returns token n of card n, with its number sealed by v.
func newToken(t testing.TB, v *vault.Vault, issuer walletport.IssuerID, n int, digits string) storage.SeenToken {
	t.Helper()
	ref := walletport.TokenRef{Scheme: walletport.Mastercard, Requestor: "50110030273", Reference: fmt.Sprintf("DWSPMC%042d", n)}
	number, err := v.SealTokenNumber(issuer, ref, mustPAN(t, digits))
	must(t, err)
	return storage.SeenToken{Token: storage.Token{
		Ref: ref, Issuer: issuer, CardID: walletport.CardID(n), Status: walletport.TokenActive, Number: number, AsOf: now,
	}}
}

func (r rig) mustPutTokens(t testing.TB, seen ...storage.SeenToken) []walletport.TokenID {
	t.Helper()
	var ids []walletport.TokenID
	must(t, r.cards.Update(t.Context(), func(tx storage.Tx) error {
		puts, err := tx.PutTokens(seen)
		ids = nil
		for _, p := range puts {
			ids = append(ids, p.ID)
		}
		return err
	}))
	return ids
}

// manyTokens stores n tokens of acme with references from 1; their numbers repeat.
func (r rig) manyTokens(t testing.TB, n int) []walletport.TokenID {
	t.Helper()
	seen := make([]storage.SeenToken, n)
	for i := range seen {
		seen[i] = newToken(t, r.Vault, "acme", i+1, []string{testPAN, otherPAN}[i%2])
	}
	return r.mustPutTokens(t, seen...)
}

func (r rig) mustToken(t testing.TB, id walletport.TokenID) storage.Token {
	t.Helper()
	token, err := r.cards.Token(t.Context(), id)
	must(t, err)
	return token
}

func (r rig) editToken(t testing.TB, id walletport.TokenID, edit func(*storage.TokenNumber)) {
	t.Helper()
	must(t, r.cards.Update(t.Context(), func(tx storage.Tx) error {
		return tx.UpdateToken(id, func(token storage.Token) (storage.Token, error) { edit(&token.Number); return token, nil })
	}))
}

// wantNumber wants a stored token to open to a number.
func (r rig) wantNumber(t testing.TB, id walletport.TokenID, digits string) {
	t.Helper()
	token := r.mustToken(t, id)
	if r.openedNumber(t, token.Issuer, token.Ref, token.Number) != digits {
		t.Errorf("token %s opens to another number", id)
	}
}

func (r rig) wantTokenKEKs(t testing.TB, want ...string) {
	t.Helper()
	got, err := r.cards.TokenKEKs(t.Context())
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys of token numbers (-want +got):\n%s", diff)
	}
}

func TestRewrapMovesTokenNumbersToo(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		const n = 1100
		r.manyCards(t, 3)
		ids := r.manyTokens(t, n)
		before := r.mustToken(t, ids[0])
		r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
		r.setState("vault-kek-v1", keys.Retired)

		var progress []int64
		report, err := r.Rewrap(t.Context(), func(p vault.RewrapReport) { progress = append(progress, p.Of[vault.TokenNumbers].Moved) })
		must(t, err)
		want := vault.RewrapReport{Of: [vault.KindCount]vault.Rewrapped{vault.Cards: {Moved: 3}, vault.TokenNumbers: {Moved: n}}}
		if diff := cmp.Diff(want, report); diff != "" || fmt.Sprint(progress) != "[0 1000 1100]" {
			t.Errorf("progress %v, report (-want +got):\n%s", progress, diff)
		}
		r.wantTokenKEKs(t, "vault-kek-v2")
		r.setState("vault-kek-v1", keys.Destroyed)
		for i := 0; i < n; i += 97 {
			r.wantNumber(t, ids[i], []string{testPAN, otherPAN}[i%2])
		}
		after := r.mustToken(t, ids[0])
		if string(after.Number.Sealed) != string(before.Number.Sealed) || string(after.Number.WrappedKey) == string(before.Number.WrappedKey) {
			t.Errorf("the number was sealed anew, or its data key was not")
		}
		again, err := r.Rewrap(t.Context(), func(vault.RewrapReport) { t.Error("a second re-wrap found work") })
		if err != nil || again.Of[vault.TokenNumbers].Moved != 0 {
			t.Errorf("a second re-wrap: %+v, %v", again, err)
		}
	})
}

func TestRewrapOfTokenNumbersCountsWhatStays(t *testing.T) {
	r := newRig(t)
	ids := r.manyTokens(t, 3)
	r.editToken(t, ids[1], func(n *storage.TokenNumber) { n.WrappedKey = r.mustToken(t, ids[0]).Number.WrappedKey })
	r.mustPutTokens(t, newToken(t, r.Vault, "globex", 9, testPAN))
	r.setState("vault-kek-v1", keys.Retired)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Issuer: "acme"})
	report, err := r.Rewrap(t.Context(), nil)
	wantReason(t, err, "token_damaged")
	if report.Of[vault.TokenNumbers].Moved != 2 || report.Of[vault.TokenNumbers].Failed != 1 || fmt.Sprint(report.Of[vault.TokenNumbers].Failures) != fmt.Sprint(ids[1:2]) {
		t.Errorf("report %+v", report)
	}
	if len(report.Left) != 1 || report.Left[0].Issuer != "globex" || report.Left[0].Of[vault.TokenNumbers] != 1 || report.Left[0].Of[vault.Cards] != 0 {
		t.Errorf("left %+v", report.Left)
	}
	if kek := r.mustToken(t, ids[1]).Number.KEK; kek != "vault-kek-v1" {
		t.Errorf("a data key that did not unwrap is under %s", kek)
	}
}

// TestRewrapChoosesAsSealingDoes: a row has six digits of its number, a card's eight.
func TestRewrapChoosesAsSealingDoes(t *testing.T) {
	r := newRig(t)
	for version, bin := range []string{"520424", "52042477"} {
		r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: version + 2, BINs: []keys.BINRange{{Low: bin, High: bin}}})
	}
	id := r.manyTokens(t, 1)[0]
	sealedBy := r.mustToken(t, id).Number.KEK
	report, err := r.Rewrap(t.Context(), nil)
	if err != nil || report.Of[vault.TokenNumbers].Moved != 0 || sealedBy != "vault-kek-v2" {
		t.Errorf("sealed by %s, %+v, %v", sealedBy, report, err)
	}
}

// A server that has not read the new catalogue yet stores a number under the old key,
// behind the point that the re-wrap has reached.
func TestRewrapCatchesTokenNumbersStoredMeanwhile(t *testing.T) {
	r := newRig(t)
	ids := r.manyTokens(t, 2)
	late := newToken(t, r.Vault, "acme", 1, visaPAN)
	late.AsOf = late.AsOf.Add(1e9)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	stored := false
	report, err := r.Rewrap(t.Context(), func(vault.RewrapReport) {
		if !stored {
			stored = true
			r.mustPutTokens(t, late)
		}
	})
	if err != nil || report.Of[vault.TokenNumbers].Moved != 3 {
		t.Errorf("%+v, %v", report, err)
	}
	r.wantTokenKEKs(t, "vault-kek-v2")
	r.wantNumber(t, ids[0], visaPAN)
}

// failingTokens fails where a test wants it to.
type failingTokens struct {
	storage.TokenNumbers
	err error
}

func (f failingTokens) RewrapTokens(context.Context, []storage.TokenRewrapping) (int, error) {
	return 0, f.err
}

func TestRewrapStopsWhenTheDatabaseFailsOnTokens(t *testing.T) {
	r := newRig(t)
	r.manyTokens(t, 1)
	r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
	gone := errors.New("gone")
	r.Tokens = failingTokens{r.cards, gone}
	if _, err := r.Rewrap(t.Context(), nil); !errors.Is(err, gone) {
		t.Errorf("Rewrap: %v", err)
	}
}

func TestVerifyNamesTokenNumbersThatDoNotOpen(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.manyCards(t, 2)
		ids := r.manyTokens(t, 1100) // more than a page
		other := newToken(t, r.Vault, "globex", 5000, testPAN)
		bare := newToken(t, r.Vault, "globex", 5001, testPAN)
		bare.Number = storage.TokenNumber{LastFour: "1471"}
		ids = append(ids, r.mustPutTokens(t, other, bare)...)
		r.editToken(t, ids[3], func(n *storage.TokenNumber) { n.LastFour = "9999" })
		r.editToken(t, ids[1050], func(n *storage.TokenNumber) { n.Sealed = r.mustToken(t, ids[0]).Number.Sealed })
		r.editToken(t, ids[1100], func(n *storage.TokenNumber) { n.KEK = "vault-kek-v9" })

		verified := func(issuer walletport.IssuerID) (report vault.VerifyReport, found []vault.Finding) {
			t.Helper()
			report, err := r.Verify(t.Context(), vault.VerifyOptions{Issuer: issuer, Found: func(f vault.Finding) error {
				found = append(found, f)
				return nil
			}})
			must(t, err)
			return report, found
		}
		report, found := verified("")
		wantReport := vault.VerifyReport{
			Of:      [vault.KindCount]vault.VerifyCounts{vault.Cards: {Good: 2}, vault.TokenNumbers: {Good: 1098, Altered: 2, WithoutKey: 1}},
			Issuers: map[walletport.IssuerID]vault.VerifyCounts{"acme": {Good: 2}},
		}
		if diff := cmp.Diff(wantReport, report); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		want := []vault.Finding{
			{Token: ids[3], Issuer: "acme", Reason: "token_damaged", Detail: "token number under vault-kek-v1: the number does not agree with its first six or last four digits"},
			{Token: ids[1050], Issuer: "acme", Reason: "token_damaged", Detail: "token number under vault-kek-v1: the sealed token number does not open"},
			{Token: ids[1100], Issuer: "globex", Reason: "key_unavailable", Detail: "its key vault-kek-v9 is not in the key store"},
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
		report, found = verified("globex")
		if diff := cmp.Diff(want[2:], found); diff != "" || report.Of[vault.TokenNumbers].Rows() != 1 || report.Of[vault.Cards].Rows() != 0 {
			t.Errorf("of one issuer: %+v (-want +got):\n%s", report, diff)
		}
		stop := errors.New("stop")
		_, err := r.Verify(t.Context(), vault.VerifyOptions{Found: func(vault.Finding) error { return stop }})
		if !errors.Is(err, stop) {
			t.Errorf("Verify: %v", err)
		}
	})
}

// TestAKeyThatWrapsTokenNumbersAlone has no card: it counts as in use all the same.
func TestAKeyThatWrapsTokenNumbersAlone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, newCard(t, 1, testPAN))
		second := r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
		r.manyTokens(t, 2)
		r.setState(second.ID, keys.Retired)
		wantReason(t, r.CheckUnused(t.Context(), second), "key_in_use")

		kekReasons := func() map[keys.ID]string {
			checks, err := r.CheckKEKs(t.Context())
			must(t, err)
			got := map[keys.ID]string{}
			for _, c := range checks {
				got[c.KEK] = walletport.ReasonOf(c.Err)
			}
			return got
		}
		wantFound := func(step string, reasons map[keys.ID]string, foreign map[keys.ID]bool) {
			t.Helper()
			got, err := r.ForeignKEKs(t.Context())
			must(t, err)
			if diff := cmp.Diff(foreign, got); diff != "" {
				t.Errorf("%s, foreign keys (-want +got):\n%s", step, diff)
			}
			if diff := cmp.Diff(reasons, kekReasons()); diff != "" {
				t.Errorf("%s, checks (-want +got):\n%s", step, diff)
			}
		}
		first := r.ring()[0].ID
		wantFound("as it is", map[keys.ID]string{first: "", second.ID: ""}, map[keys.ID]bool{})
		good := r.keys.Current()
		foreign := keystest.Key(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
		r.keys.Replace(keys.NewRing(append(r.ring()[:2:2], foreign)))
		wantFound("with another key of that name", map[keys.ID]string{first: "", second.ID: "token_damaged"}, map[keys.ID]bool{second.ID: true})
		report, err := r.Verify(t.Context(), vault.VerifyOptions{Found: func(vault.Finding) error { return nil }})
		if err != nil || report.Of[vault.TokenNumbers].WithoutKey != 2 || report.Of[vault.Cards].Good != 1 {
			t.Errorf("Verify: %+v, %v", report, err)
		}
		r.keys.Replace(keys.NewRing(good.All()[:2:2]))
		wantFound("without the key", map[keys.ID]string{first: "", second.ID: "key_unavailable"}, map[keys.ID]bool{})

		r.keys.Replace(good)
		_, err = r.Rewrap(t.Context(), nil)
		must(t, err)
		must(t, r.CheckUnused(t.Context(), second))
	})
}

// TestAForgottenCardsTokensNeedNoKey: nothing of their numbers is left.
func TestAForgottenCardsTokensNeedNoKey(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, newCard(t, 1, testPAN))
		id := r.manyTokens(t, 1)[0]
		r.mustForget(t, 1)
		must(t, r.CheckUnused(t.Context(), r.ring()[0]))
		report, err := r.Verify(t.Context(), vault.VerifyOptions{Found: func(vault.Finding) error { return nil }})
		if err != nil || report.Of[vault.TokenNumbers].Rows() != 0 || len(r.mustToken(t, id).Number.Sealed) > 0 {
			t.Errorf("Verify: %+v, %v", report, err)
		}
	})
}

package e2e_test

import (
	"net/http"
	"slices"
	"testing"
)

// arrow is a change of the table of the Wallet API.
type arrow struct{ action, to string }

// ways lead through every arrow of the table. The first state is that of a new token, or of
// one that the cardholder has deleted from the phone.
var ways = [][]arrow{
	{{"", "INACTIVE"}, {"activate", "ACTIVE"}, {"suspend", "SUSPENDED"}, {"resume", "ACTIVE"}, {"deactivate", "DEACTIVATED"}},
	{{"", "INACTIVE"}, {"deactivate", "DEACTIVATED"}},
	{{"", "ACTIVE"}, {"suspend", "SUSPENDED"}, {"deactivate", "DEACTIVATED"}},
	{{"", "SOFTDELETED"}, {"deactivate", "DEACTIVATED"}},
}

// TestATokenMovesThroughEveryArrow: a card that is added in the sandbox's wallet is listed,
// each change that the table allows is done at its scheme and the others are refused, and
// all of it is there after a kill.
func TestATokenMovesThroughEveryArrow(t *testing.T) {
	t.Parallel()
	h := mustTokenHouse(t, 0, "", "")
	before := map[int64][]listedToken{}
	for card, ways := range map[int64][][]arrow{7001: ways, 7002: ways[:3]} { // Visa has no SOFTDELETED
		t.Run(schemeOf[card], func(t *testing.T) {
			refs := make([]string, len(ways))
			for i, way := range ways {
				refs[i] = h.mustAddToken(t, card, way[0].to)
			}
			for i, way := range ways {
				h.wantWay(t, card, h.mustFindToken(t, card, refs[i]), way)
			}
			before[card], _ = h.caller(0).tokensOf(card, "before")
			if len(before[card]) != len(ways) {
				t.Errorf("the card has the tokens %+v", before[card])
			}
		})
	}
	h.mustKillSandbox(t)
	for card, tokens := range before {
		if after, _ := h.caller(0).tokensOf(card, "after"); !slices.Equal(after, tokens) {
			t.Errorf("after the kill: %+v, before %+v", after, tokens)
		}
		for _, token := range tokens {
			story, err := h.truth(card, token.Reference)
			if err != nil || story.Status != "DEACTIVATED" || token.Status != "DEACTIVATED" {
				t.Errorf("after the kill the scheme knows %+v, %v, listed is %+v", story, err, token)
			}
		}
	}
}

// TestAnOldChangeIsNotTakenForALostOne: a token is suspended and the answer is lost, it is
// resumed, and then a suspension is lost on its way to the scheme. Nobody is told that it was
// done: the history of the token has the first one, seconds before.
func TestAnOldChangeIsNotTakenForALostOne(t *testing.T) {
	t.Parallel()
	h := mustTokenHouse(t, 0, "", "")
	for card, call := range map[int64]string{7001: "suspend", 7002: "lifecycle"} {
		t.Run(schemeOf[card], func(t *testing.T) {
			t.Parallel()
			token := h.mustFindToken(t, card, h.mustAddToken(t, card, "ACTIVE"))
			change := func(action, fault, status string) {
				t.Helper()
				if fault != "" {
					if a := h.fault(schemeOf[card], call, fault, 1, 1); a.status/100 != 2 {
						t.Fatalf("the fault: %v", a)
					}
				}
				a := h.caller(0).changeToken(token.ID, action, "old-"+randomHex(8), "")
				story, err := h.truth(card, token.Reference)
				if err != nil || story.Status != status {
					t.Errorf("%s: the scheme knows %+v, %v, want %s", action, story, err, status)
				}
				if isLost := fault == "drop_before"; isLost && a.problem().Code != "scheme_outcome_unknown" || !isLost && a.mustToken(t).Status != status {
					t.Errorf("%s: %v", action, a)
				}
			}
			change("suspend", "drop_after_commit", "SUSPENDED")
			change("resume", "", "ACTIVE")
			change("suspend", "drop_before", "ACTIVE")
		})
	}
}

// mustAddToken adds a card in the wallet, so that its token has a state.
func (h *tokenHouse) mustAddToken(t *testing.T, card int64, status string) string {
	t.Helper()
	ref, err := h.newToken(card, status == "INACTIVE", "add-"+randomHex(8))
	if err != nil {
		t.Fatal(err)
	}
	if status == "SOFTDELETED" {
		if a := h.act(card, ref, "CARDHOLDER", "delete"); a.status != http.StatusOK {
			t.Fatalf("the cardholder: %v", a)
		}
	}
	return ref
}

// wantWay takes a token along a way through the table.
func (h *tokenHouse) wantWay(t *testing.T, card int64, token listedToken, way []arrow) {
	t.Helper()
	if token.Status != way[0].to {
		t.Fatalf("the new token is %s, want %s", token.Status, way[0].to)
	}
	for _, step := range way[1:] {
		for _, action := range []string{"activate", "suspend", "resume", "deactivate"} {
			if _, allowed := tokenTable[token.Status][action]; allowed {
				continue
			}
			a := h.caller(0).changeToken(token.ID, action, "no-"+randomHex(8), "")
			if a.status != http.StatusConflict || a.problem().Code != "token_transition_not_allowed" {
				t.Errorf("%s of a token that is %s: %v", action, token.Status, a)
			}
		}
		a := h.caller(0).changeToken(token.ID, step.action, "go-"+randomHex(8), "other")
		token.Status = step.to
		story, err := h.truth(card, token.Reference)
		if got := a.mustToken(t); got != token || err != nil || story.Status != step.to {
			t.Errorf("%s: answered %+v, the scheme knows %+v, %v", step.action, got, story, err)
		}
	}
}

// mustFindToken waits until a token is listed.
func (h *tokenHouse) mustFindToken(t *testing.T, card int64, ref string) (found listedToken) {
	t.Helper()
	eventually(t, "the token is listed", func() bool {
		tokens, _ := h.caller(0).tokensOf(card, "find-"+randomHex(8))
		for _, token := range tokens {
			if token.Reference == ref {
				found = token
			}
		}
		return found.ID != ""
	})
	return found
}

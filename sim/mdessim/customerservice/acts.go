package customerservice

import (
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// softDeleted is the status of a token that lives on at MDES, and that the cardholder
// removed from the phone, in the words of an issuer's API.
const softDeleted = "SOFTDELETED"

// deeds are the calls for what others do; the issuer has the Customer Service API.
var deeds = map[string]tokenvault.Call{"suspend": tokenvault.Suspend, "resume": tokenvault.Unsuspend, "delete": tokenvault.Delete}

// Acts is where a test does what others than the issuer do to a token of the vault. A
// cardholder who deletes removes the token from the phone, where it is on one; a token
// requestor deletes it at the scheme.
func Acts(vault *tokenvault.Vault) sim.Acts {
	return sim.Acts{
		Scheme: "MDES",
		Truth: func(ref string) (sim.Truth, bool) {
			t, ok := vault.Token(ref)
			return truthOf(t, vault.History(ref)), ok
		},
		Do: func(ref, as, do string) error {
			t, _ := vault.Token(ref)
			call, party := deeds[do], tokenvault.Party(as)
			isOnPhone := t.Type() != tokenvault.CardOnFile && t.Status != tokenvault.StatusInactive
			_, err := vault.Apply(ref, tokenvault.Act{Call: call, By: party, FromApp: call == tokenvault.Delete && party == tokenvault.Cardholder && isOnPhone})
			return err
		},
	}
}

func truthOf(t tokenvault.Token, history []tokenvault.Token) sim.Truth {
	truth := sim.Truth{Ref: t.TokenUniqueReference, Status: string(t.Status)}
	if t.IsDeletedFromApp() && t.Status != tokenvault.StatusDeactivated {
		truth.Status = softDeleted
	}
	for _, party := range t.Suspenders {
		truth.Suspenders = append(truth.Suspenders, string(party))
	}
	for _, version := range history {
		truth.History = append(truth.History, sim.Deed{Call: string(version.Change.Call), By: string(version.Change.By), At: version.Change.At})
	}
	return truth
}

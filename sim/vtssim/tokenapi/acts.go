package tokenapi

import (
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

// deeds are the operations for what others do; the issuer has the API.
var deeds = map[string]tokenvault.Operation{"suspend": tokenvault.Suspend, "resume": tokenvault.Resume, "delete": tokenvault.Delete}

// Acts is where a test does what others than the issuer do to a token of the vault. Visa
// counts one suspender.
func Acts(vault *tokenvault.Vault) sim.Acts {
	return sim.Acts{
		Scheme: "VTS",
		Truth: func(ref string) (sim.Truth, bool) {
			t, ok := vault.Token(ref)
			return truthOf(t, vault.History(ref)), ok
		},
		Do: func(ref, as, do string) error {
			_, err := vault.Apply(ref, tokenvault.Act{Operation: deeds[do], By: tokenvault.Party(as)})
			return err
		},
	}
}

func truthOf(t tokenvault.Token, history []tokenvault.Change) sim.Truth {
	truth := sim.Truth{Ref: t.TokenReferenceID, Status: string(t.Status)}
	if t.SuspendedBy != "" {
		truth.Suspenders = []string{string(t.SuspendedBy)}
	}
	for _, c := range history {
		truth.History = append(truth.History, sim.Deed{Call: string(c.Operation), By: string(c.By), At: c.At})
	}
	return truth
}

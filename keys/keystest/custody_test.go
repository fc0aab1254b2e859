package keystest_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/walletport/walletport/keys/keystest"
)

func TestASecondCustodianKeepsTheContract(t *testing.T) {
	keystest.RunCustody(t, newMemoryStore(noFlaw))
}

// flaw is one way in which a custodian breaks the contract.
type flaw int

const (
	noFlaw flaw = iota
	copiesAtEachLook
	activatesUnasked
	keepsWhatWasBrought
	showsWhatWasBrought
	takesTheUnfit
	forgetsTheIssuer
	storesWhatItChecks
	takesAKeyTwice
	ignoresAfter
	letsTheDestroyedReturn
	saysAnotherVersion
	activatesTheEnded
	retiresTheNeeded
	destroysTheActive
	destroysThePublic
	resurrects
	forgetsTheDestroyed
	losesTheCheckValue
	leavesTheHandle
	ignoresContext
	losesOthersChanges
	storesNothing
	opensAsPending
	changesOldRings
	looksAtNothing
	readsAtEachLook
	stopsWatching
	isNeverStale
	dropsKeysWhenAway
	isStaleSinceTheLastLook
	givesItsOwnReasons
	endsWithAnError
	printsSecrets
	sealsToNobody
	flaws // how many there are, with noFlaw
)

func TestTheSuiteFindsACustodianThatBreaksTheContract(t *testing.T) {
	covered := map[flaw]bool{noFlaw: true}
	for _, c := range []struct {
		flaw     flaw
		check    string
		sentence string
	}{
		{copiesAtEachLook, "looking at the catalogue costs nothing", "Current allocates"},
		{activatesUnasked, "keys of ours are generated, pending, and work", "pending, from now"},
		{keepsWhatWasBrought, "what the caller brought may be wiped afterwards", "is wiped with what was brought"},
		{showsWhatWasBrought, "no secret and no card number is shown", "a secret or a card number is shown"},
		{takesTheUnfit, "what makes no good key is refused, and changes nothing", "Mastercard's private half is not refused, want key_unfit"},
		{forgetsTheIssuer, "a key comes in once", "Mastercard's certificate for an issuer"},
		{storesWhatItChecks, "check says what import would, and stores nothing", "Check stores the"},
		{takesAKeyTwice, "a key comes in once", "the same again is not refused, want key_exists"},
		{ignoresAfter, "no id and no version is used twice", "want version 8"},
		{letsTheDestroyedReturn, "a destroyed key does not come back", "Import of a vault-kek key that was destroyed is not refused"},
		{saysAnotherVersion, "keys of ours are generated, pending, and work", "and Current has"},
		{activatesTheEnded, "a key whose end has come is not activated", "Activate of a key whose end has come is not refused, want key_expired"},
		{retiresTheNeeded, "a key that nothing replaces is retired only by who insists", "is not refused, want key_needed"},
		{destroysTheActive, "states follow each other as the contract says", "Destroy of a key that is active is not refused, want key_not_retired"},
		{destroysThePublic, "keys of others cannot be destroyed", "Destroy of a mdes-encryption key is not refused, want key_unfit"},
		{resurrects, "states follow each other as the contract says", "Activate of a key that is destroyed"},
		{forgetsTheDestroyed, "a destroyed key has its entry and its public half, and nothing else", "is gone"},
		{losesTheCheckValue, "a destroyed key has its entry and its public half, and nothing else", "the entry of the destroyed key is"},
		{leavesTheHandle, "a destroyed key has its entry and its public half, and nothing else", "which is destroyed, has"},
		{ignoresContext, "an act whose context has ended changes nothing", "under a context that has ended"},
		{losesOthersChanges, "changes made at once are all kept", "changes made at once got lost"},
		{sealsToNobody, "a key of each purpose is imported, and works as the key that was brought", "does not open what is encrypted to it"},
		{storesNothing, "a reload finds what another process changed", "is gone"},
		{opensAsPending, "what is opened again is what was left", "opened again the entries are"},
		{changesOldRings, "a catalogue that was given out does not change", "a catalogue that was given out changes"},
		{looksAtNothing, "a look finds what another process changed, and else nothing new", "Refresh does not find"},
		{stopsWatching, "a running watch finds what another process changed", "Run ends before its context does"},
		{readsAtEachLook, "a look finds what another process changed, and else nothing new", "though nothing has changed"},
		{isNeverStale, "keys that cannot be read keep serving, and it is told", "are stale since"},
		{dropsKeysWhenAway, "keys that cannot be read keep serving, and it is told", "keys that cannot be read serve as"},
		{isStaleSinceTheLastLook, "keys that cannot be read keep serving, and it is told", "are stale since"},
		{givesItsOwnReasons, "keys that cannot be read keep serving, and it is told", "want one of [keystore_missing"},
		{endsWithAnError, "a running watch finds what another process changed", "want nil"},
		{printsSecrets, "no secret and no card number is shown", "a secret or a card number is shown"},
	} {
		covered[c.flaw] = true
		t.Run(fmt.Sprintf("%s: flaw %d", c.check, c.flaw), func(t *testing.T) {
			said := verdict(t, c.check, newMemoryStore(c.flaw))
			if !strings.Contains(said, c.sentence) {
				t.Errorf("the suite says %q, want %q", said, c.sentence)
			}
		})
	}
	for f := range flaws {
		if !covered[f] {
			t.Errorf("no case finds flaw %d", f)
		}
	}
}

// verdict runs one check and returns what it says, "" if it passes.
func verdict(t *testing.T, name string, newStore keystest.NewStore) string {
	t.Helper()
	for _, c := range keystest.CustodyChecks() {
		if c.Name != name {
			continue
		}
		r := &recorder{TB: t}
		ended := make(chan struct{})
		go func() { // Fatal ends the goroutine
			defer close(ended)
			c.Run(r, newStore)
		}()
		<-ended
		return strings.Join(r.said, "\n")
	}
	t.Fatalf("there is no check %q", name)
	return ""
}

// recorder keeps what a check says instead of failing.
type recorder struct {
	testing.TB
	mu   sync.Mutex
	said []string
}

func (r *recorder) say(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, text)
}

func (r *recorder) Helper()                           {}
func (r *recorder) Error(args ...any)                 { r.say(fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) { r.say(fmt.Sprintf(format, args...)) }

func (r *recorder) Fatal(args ...any) {
	r.Error(args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

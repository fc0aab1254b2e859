package storage_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func moment(ms int64) time.Time { return time.UnixMilli(1_780_000_000_000 + ms).UTC() }

// known is a token as a row has it.
func known() storage.Token {
	return storage.Token{
		ID: 7, Ref: walletport.TokenRef{Scheme: walletport.Mastercard, Requestor: "50110030273", Reference: "DWSPMC1"},
		Issuer: "acme", CardID: 1, PANReference: "FWSPMC1", Wallet: "applepay", Status: walletport.TokenSuspended,
		Holders: []walletport.Holder{walletport.HolderCardholder}, StatusSince: moment(1), RequestedAt: moment(0),
		Expiry: walletport.Expiry{Year: 2030, Month: 4}, DeviceName: "phone", DeviceType: "21",
		Number: storage.TokenNumber{Sealed: []byte("sealed"), WrappedKey: []byte("key"), KEK: "kek/1", FirstSix: "535110", LastFour: "1111"},
		Source: "details", AsOf: moment(1000),
		Change: storage.TokenChange{ID: "c1", State: storage.ChangeAsked},
	}
}

// TestSeeToken shows a known token again, and gives what the row and the history become.
func TestSeeToken(t *testing.T) {
	for _, c := range []struct {
		name    string
		seen    func(*storage.SeenToken)
		row     func(*storage.Token) // from known, as of 2000
		history string
		outcome storage.PutOutcome
	}{
		{"the same", func(*storage.SeenToken) {}, func(*storage.Token) {}, "", storage.TokenConfirmed},
		{"of the same moment", func(s *storage.SeenToken) { s.AsOf, s.Status = moment(1000), walletport.TokenActive }, nil, "", storage.TokenOlder},
		{"of the same millisecond", func(s *storage.SeenToken) { s.AsOf = moment(1000).Add(time.Microsecond) }, nil, "", storage.TokenOlder},
		{"of an earlier moment", func(s *storage.SeenToken) { s.AsOf = moment(999) }, nil, "", storage.TokenOlder},
		{"by a clock that was set back a little", func(s *storage.SeenToken) { s.AsOf = moment(1000).Add(-storage.MaxWordDelay) }, nil, "", storage.TokenOlder},
		{"by a clock that was set back", func(s *storage.SeenToken) { s.AsOf = moment(999).Add(-storage.MaxWordDelay) },
			func(r *storage.Token) { r.AsOf = moment(999).Add(-storage.MaxWordDelay) }, "", storage.TokenConfirmed},
		{"of another issuer", func(s *storage.SeenToken) { s.Issuer = "globex" }, nil, "", storage.TokenOtherIssuer},
		{"with little told", func(s *storage.SeenToken) {
			s.Token = storage.Token{Ref: s.Ref, Issuer: "acme", Status: walletport.TokenSuspended, AsOf: s.AsOf}
		}, func(r *storage.Token) { r.Source = "" }, "", storage.TokenConfirmed},
		{"let go, with little told", func(s *storage.SeenToken) {
			s.Token = storage.Token{Ref: s.Ref, Issuer: "acme", Status: walletport.TokenActive, AsOf: s.AsOf}
		}, func(r *storage.Token) {
			r.Status, r.Holders, r.StatusSince, r.Source = walletport.TokenActive, nil, moment(2000), ""
		}, "status SUSPENDED>ACTIVE; holders CARDHOLDER>", storage.TokenChanged},
		{"held by nobody any more, as it says", func(s *storage.SeenToken) { s.Holders = []walletport.Holder{} },
			func(r *storage.Token) { r.Holders = nil }, "holders CARDHOLDER>", storage.TokenChanged},
		{"held by one more", func(s *storage.SeenToken) {
			s.Holders = []walletport.Holder{walletport.HolderIssuer, walletport.HolderCardholder, walletport.HolderIssuer}
		}, func(r *storage.Token) {
			r.Holders = []walletport.Holder{walletport.HolderCardholder, walletport.HolderIssuer}
		},
			"holders CARDHOLDER>CARDHOLDER,ISSUER", storage.TokenChanged},
		{"with a time of the new state", func(s *storage.SeenToken) {
			s.Status, s.Holders, s.StatusSince = walletport.TokenDeactivated, nil, moment(1500)
		},
			func(r *storage.Token) {
				r.Status, r.Holders, r.StatusSince = walletport.TokenDeactivated, nil, moment(1500)
			}, "status SUSPENDED>DEACTIVATED; holders CARDHOLDER>", storage.TokenChanged},
		{"on another card", func(s *storage.SeenToken) { s.CardID, s.PANReference = 2, "FWSPMC2" },
			func(r *storage.Token) { r.CardID, r.PANReference = 2, "FWSPMC2" }, "card 1>2", storage.TokenChanged},
		{"with another expiry", func(s *storage.SeenToken) { s.Expiry.Year = 2033 },
			func(r *storage.Token) { r.Expiry.Year = 2033 }, "expiry 2030-04>2033-04", storage.TokenChanged},
		{"on a device with another name", func(s *storage.SeenToken) { s.DeviceName = "new phone" },
			func(r *storage.Token) { r.DeviceName = "new phone" }, "device >", storage.TokenChanged},
		{"with the end of its number alone", func(s *storage.SeenToken) { s.Number = storage.TokenNumber{LastFour: "1111"} },
			func(*storage.Token) {}, "", storage.TokenConfirmed},
		{"with the end of another number", func(s *storage.SeenToken) { s.Number = storage.TokenNumber{LastFour: "2222"} },
			func(r *storage.Token) { r.Number = storage.TokenNumber{LastFour: "2222"} }, "number >", storage.TokenChanged},
		{"with its number sealed again", func(s *storage.SeenToken) { s.Number.Sealed = []byte("again") },
			func(r *storage.Token) { r.Number.Sealed = []byte("again") }, "", storage.TokenConfirmed},
		{"with a change and an id", func(s *storage.SeenToken) {
			s.ID, s.Change = 99, storage.TokenChange{ID: "c9", State: storage.ChangeDone}
		},
			func(*storage.Token) {}, "", storage.TokenConfirmed},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen := storage.SeenToken{Token: known(), By: "SCHEME"}
			seen.AsOf = moment(2000)
			c.seen(&seen)
			row, entries, outcome := storage.SeeToken(known(), seen)
			if outcome != c.outcome {
				t.Errorf("outcome %d, want %d", outcome, c.outcome)
			}
			want := known()
			if c.row != nil {
				want.AsOf = moment(2000)
				c.row(&want)
			}
			if diff := cmp.Diff(want, row, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
			var lines []string
			for _, e := range entries {
				lines = append(lines, string(e.What)+" "+e.From+">"+e.To)
				if e.Token != 7 || e.By != "SCHEME" || e.Channel != storage.ChannelScheme || !e.At.Equal(seen.AsOf) {
					t.Errorf("entry %+v is not of this token, moment and party", e)
				}
			}
			if got := strings.Join(lines, "; "); got != c.history {
				t.Errorf("history %q, want %q", got, c.history)
			}
		})
	}
}

func TestATokenWithoutCardHasNothingPersonal(t *testing.T) {
	old := known()
	old.CardID = 0
	seen := storage.SeenToken{Token: old}
	seen.AsOf = moment(2000)
	first, _ := storage.FirstSight(seen)
	again, _, _ := storage.SeeToken(old, seen)
	changed, err := storage.ChangeToken(known(), func(t storage.Token) (storage.Token, error) { t.CardID = 0; return t, nil })
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]storage.Token{"first": first, "again": again, "changed": changed} {
		if row.PANReference != "" || row.DeviceName != "" || row.Number.LastFour != "" || row.Number.Sealed != nil {
			t.Errorf("%s: %+v", name, row)
		}
		if row.Ref != old.Ref || row.Wallet != old.Wallet || row.Status != old.Status {
			t.Errorf("%s lost what is not personal: %+v", name, row)
		}
	}
}

// TestStatesOfAChange moves a change from each state to each.
func TestStatesOfAChange(t *testing.T) {
	allowed := map[string]bool{
		"asked unknown": true, "asked done": true, "asked not_done": true, "unknown done": true, "unknown not_done": true,
	}
	states := []storage.ChangeState{"", storage.ChangeAsked, storage.ChangeUnknown, storage.ChangeDone, storage.ChangeNotDone}
	for _, from := range states {
		for _, to := range states {
			name := string(from) + " " + string(to)
			t.Run(name, func(t *testing.T) {
				old := known()
				old.Change.State = from
				next, err := storage.ChangeToken(old, func(t storage.Token) (storage.Token, error) { t.Change.State = to; return t, nil })
				if want := from == to || allowed[name]; (err == nil) != want {
					t.Fatalf("ChangeToken: %v, allowed %v", err, want)
				}
				if err == nil && next.Change.State != to {
					t.Errorf("the state is %q", next.Change.State)
				}
			})
			t.Run("another change, "+name, func(t *testing.T) {
				old := known()
				old.Change.State = from
				_, err := storage.ChangeToken(old, func(t storage.Token) (storage.Token, error) {
					t.Change = storage.TokenChange{ID: "c2", State: to}
					return t, nil
				})
				switch {
				case from.IsOpen():
					if walletport.CodeOf(err) != walletport.CodeConflict || walletport.ReasonOf(err) != "token_change_in_progress" {
						t.Errorf("ChangeToken: %v", err)
					}
				case (err == nil) != (to == storage.ChangeAsked):
					t.Errorf("ChangeToken: %v", err)
				}
			})
		}
	}
}

// TestSightingsInAnyOrder shows a token many times, each as of another moment, in any order:
// the row is what was shown as of the last one, and the history leads there step by step.
func TestSightingsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		holders := rapid.SliceOfDistinct(rapid.SampledFrom(walletport.Holders()), rapid.ID[walletport.Holder])
		moments := rapid.Permutation([]int64{1, 2, 3, 4, 5, 6, 7, 8}).Draw(t, "moments")
		var row, newest storage.Token
		var told []storage.TokenHistoryEntry
		for i, ms := range moments {
			seen := storage.SeenToken{Token: known()}
			seen.AsOf, seen.StatusSince = moment(ms), moment(ms)
			seen.Status = rapid.SampledFrom(walletport.TokenStatuses()).Draw(t, "status")
			seen.Holders = append([]walletport.Holder{}, holders.Draw(t, "holders")...)
			if newest.AsOf.Before(seen.AsOf) {
				newest = seen.Token
			}
			if i == 0 {
				first, entry := storage.FirstSight(seen)
				row, told = first, []storage.TokenHistoryEntry{entry}
				continue
			}
			next, entries, outcome := storage.SeeToken(row, seen)
			if older := outcome == storage.TokenOlder; older == seen.AsOf.After(row.AsOf) {
				t.Fatalf("as of %d, of a row of %s: outcome %d", ms, row.AsOf, outcome)
			}
			row, told = next, append(told, entries...)
		}
		slices.Sort(newest.Holders)
		if row.Status != newest.Status || !row.AsOf.Equal(newest.AsOf) || !slices.Equal(row.Holders, newest.Holders) {
			t.Fatalf("the row is %s %v of %s, want %s %v of %s", row.Status, row.Holders, row.AsOf, newest.Status, newest.Holders, newest.AsOf)
		}
		status := ""
		for _, e := range told {
			if e.What != storage.TokenSeen && e.What != storage.TokenStatusChanged {
				continue
			}
			if e.From != status || e.To == status {
				t.Fatalf("the history goes from %q to %q where the token is %q", e.From, e.To, status)
			}
			status = e.To
		}
		if status != string(row.Status) {
			t.Fatalf("the history ends in %s, the row is %s", status, row.Status)
		}
	})
}

package provisioning_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/scheme"
)

// TestClockJumps sets the server's clock back and forth between calls. What
// depends on time follows the clock of its own call, and the trail stays whole.
func TestClockJumps(t *testing.T) {
	clock := now
	r := newRig(t, func(f *provisioning.Flow) { f.Clock = func() time.Time { return clock } })
	for _, c := range []struct {
		name   string
		at     time.Time
		reason string
	}{
		{"the right time", now, ""},
		{"an hour back", now.Add(-time.Hour), ""},
		{"a day ahead", now.Add(24 * time.Hour), ""},
		{"back again", now, ""},
		{"years ahead, when the card has expired", now.AddDate(10, 0, 0), "card_not_eligible"},
		{"back again, and the card is good", now, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock = c.at
			result, err := r.Push(acttest.AsBank(t.Context()), request())
			if got := walletport.ReasonOf(err); got != c.reason {
				t.Fatalf("reason %q, want %q", got, c.reason)
			}
			if record := r.MustRecord(t); record.Time.UnixMilli() != c.at.UnixMilli() {
				t.Errorf("recorded at %v, want %v", record.Time, c.at)
			}
			if err == nil {
				if got, want := tavValidUntil(t, result.DigitizationData), c.at.Add(30*time.Minute).Truncate(time.Second).UTC(); !got.Equal(want) {
					t.Errorf("TAV valid until %v, want %v", got, want)
				}
			}
		})
	}
	summary, err := audit.Verify(t.Context(), r.DB, audit.TrustedKeys(r.Ring.Current()))
	must(t, err)
	if summary.Records != 6 || summary.ClockSteps != 3 {
		t.Errorf("%d records, %d clock steps; want 6 and 3", summary.Records, summary.ClockSteps)
	}
}

// tavValidUntil reads the timestamp that a TAV v3 carries in clear.
func tavValidUntil(t *testing.T, digitizationData string) time.Time {
	t.Helper()
	var iidd struct {
		TAV []byte `json:"tokenizationAuthenticationValue"`
	}
	text, err := base64.StdEncoding.DecodeString(digitizationData)
	must(t, err)
	must(t, json.Unmarshal(text, &iidd))
	var tav struct {
		DataValidUntilTimestamp time.Time `json:"dataValidUntilTimestamp"`
	}
	must(t, json.Unmarshal(iidd.TAV, &tav))
	return tav.DataValidUntilTimestamp
}

// brokenSealer is an encoder with a bug.
type brokenSealer struct{}

func (brokenSealer) Scheme() walletport.SchemeID { return walletport.Mastercard }

func (brokenSealer) Shape() string { return "" }

func (brokenSealer) CheckClient(scheme.Client) error { return nil }

func (brokenSealer) SealCard(scheme.SealInput) ([]byte, error) { panic("a bug") }

func TestAPanicIsRecorded(t *testing.T) {
	r := newRig(t, func(f *provisioning.Flow) { f.Offers[0].Sealer = brokenSealer{} })
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed: the door must see it")
			}
		}()
		_, _ = r.Push(acttest.AsBank(t.Context()), request())
	}()
	if record := r.MustSecondRecord(t); record.Outcome != "internal" || record.CardID != acmeCard || len(record.KeyVersions) != 2 {
		t.Errorf("record %+v", record)
	}
}

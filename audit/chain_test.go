package audit_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// vector is testdata/vectors/chain.json, or stepup.json or details.json, which have
// records only.
type vector struct {
	Records    []json.RawMessage
	Checkpoint signedVector
	End        signedVector
}

type signedVector struct {
	Seq                          int64
	Hash, Time, KeyID, Signature string
	Message                      string `json:"message,omitempty"` // hex
}

type recordVector struct {
	Time                                                                        time.Time
	RequestID, Client, AuditUser, Action, Issuer, Wallet, Scheme, Outcome, Hash string
	CardID                                                                      int64
	KeyVersions                                                                 []string
	StepUp, RemoteAddress                                                       string
	Details                                                                     map[string]string
	Seq                                                                         int64
	PreviousHash                                                                string
}

func (v recordVector) record() walletport.AuditRecord {
	var details walletport.AuditDetails
	for name, value := range v.Details {
		details = details.With(walletport.DetailName(name), value)
	}
	return walletport.AuditRecord{
		Time: v.Time, RequestID: v.RequestID, ClientID: v.Client, AuditUser: walletport.AuditUser(v.AuditUser),
		Action: walletport.Action(v.Action), Issuer: walletport.IssuerID(v.Issuer), CardID: walletport.CardID(v.CardID),
		Wallet: v.Wallet, Scheme: walletport.SchemeID(v.Scheme), Outcome: v.Outcome, KeyVersions: v.KeyVersions,
		StepUp: v.StepUp, RemoteAddress: v.RemoteAddress, Details: details,
	}
}

func readVector(t *testing.T, name string) (vector, []recordVector) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	records := make([]recordVector, len(v.Records))
	for i := range records {
		if err := json.Unmarshal(v.Records[i], &records[i]); err != nil {
			t.Fatal(err)
		}
	}
	return v, records
}

func TestHashAgreesWithTheVectors(t *testing.T) {
	_, records := readVector(t, "chain.json")
	_, withStepUp := readVector(t, "stepup.json")
	_, withDetails := readVector(t, "details.json")
	for _, v := range slices.Concat(records, withStepUp, withDetails) {
		previous, err := hex.DecodeString(v.PreviousHash)
		if err != nil {
			t.Fatal(err)
		}
		r := v.record()
		if got := audit.Hash(previous, v.Seq, &r); hex.EncodeToString(got[:]) != v.Hash {
			t.Errorf("Hash of record %d = %x, want %s", v.Seq, got, v.Hash)
		}
	}
}

// The key is ours, the signed messages are the vector's: a signature over them
// must be taken.
func TestSignaturesAreOverTheMessagesOfTheVector(t *testing.T) {
	v, records := readVector(t, "chain.json")
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(s signedVector) []byte {
		message, err := hex.DecodeString(s.Message)
		if err != nil {
			t.Fatal(err)
		}
		return ed25519.Sign(private, message)
	}

	t.Run("a checkpoint", func(t *testing.T) {
		m := newMemory()
		for _, r := range records {
			hash, err := hex.DecodeString(r.Hash)
			if err != nil {
				t.Fatal(err)
			}
			m.entries = append(m.entries, storage.AuditEntry{Seq: r.Seq, Record: r.record(), Hash: hash})
			m.head = storage.AuditHead{Seq: r.Seq, Hash: hash}
		}
		at, err := time.Parse(time.RFC3339, v.Checkpoint.Time)
		if err != nil {
			t.Fatal(err)
		}
		m.checkpoints = []storage.Checkpoint{{Seq: 3, Hash: m.head.Hash, Time: at, KeyID: v.Checkpoint.KeyID, Signature: sign(v.Checkpoint)}}
		ring := keys.NewRing([]*keys.Key{{Meta: keys.Meta{ID: keys.ID(v.Checkpoint.KeyID), Purpose: keys.AuditCheckpoint}, Public: public}})
		if got := mustVerify(t, m, ring); got.Checkpoints != 1 || got.Unsigned != 0 || got.ClockSteps != 1 {
			t.Errorf("Verify = %+v, want one checkpoint, all signed, one clock step", got)
		}
	})

	t.Run("the end of an export from record 2", func(t *testing.T) {
		end := v.End
		end.Signature, end.Message = base64.StdEncoding.EncodeToString(sign(v.End)), ""
		last := strings.TrimSuffix(string(v.Records[2]), "}") + `,"end":{"seq":3,"hash":"` + end.Hash + `","time":"` + end.Time +
			`","keyId":"` + end.KeyID + `","signature":"` + end.Signature + `"}}`
		export := oneLine(string(v.Records[1])) + "\n" + oneLine(last) + "\n"
		got, err := audit.VerifyExport(t.Context(), strings.NewReader(export), []audit.TrustedKey{{Public: public}})
		if err != nil || got.FirstSeq != 2 || got.Records != 2 || got.Unsigned != 0 {
			t.Errorf("VerifyExport = %+v, %v", got, err)
		}
	})
}

func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "") }

// drawRecord draws a record of short texts of few letters, so that neighbouring
// fields often differ by where one ends only.
func drawRecord(t *rapid.T, label string) walletport.AuditRecord {
	text := func(name string) string { return rapid.StringMatching(`[ab]{0,3}`).Draw(t, label+name) }
	return walletport.AuditRecord{
		Time:      time.UnixMilli(rapid.Int64Range(0, 3).Draw(t, label+"time")),
		RequestID: text("requestId"), ClientID: text("client"), AuditUser: walletport.AuditUser(text("auditUser")),
		Action: walletport.Action(text("action")), Issuer: walletport.IssuerID(text("issuer")),
		CardID: walletport.CardID(rapid.Int64Range(0, 3).Draw(t, label+"cardId")),
		Wallet: text("wallet"), Scheme: walletport.SchemeID(text("scheme")), Outcome: text("outcome"),
		KeyVersions:   rapid.SliceOfN(rapid.StringMatching(`[ab]{0,2}`), 0, 3).Draw(t, label+"keyVersions"),
		StepUp:        text("stepUp"),
		RemoteAddress: text("remoteAddress"),
		Details:       drawDetails(t, label),
	}
}

func drawDetails(t *rapid.T, label string) walletport.AuditDetails {
	var details walletport.AuditDetails
	for name, value := range rapid.MapOfN(rapid.StringMatching(`[ab]{1,2}`), rapid.StringMatching(`[ab]{1,2}`), 0, 3).Draw(t, label+"details") {
		details = details.With(walletport.DetailName(name), value)
	}
	return details
}

func TestHashTellsEveryRecordFromEveryOther(t *testing.T) {
	seen := map[[32]byte]string{}
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecord(t, "")
		seq := rapid.Int64Range(1, 3).Draw(t, "seq")
		previous := []byte{byte(rapid.IntRange(0, 2).Draw(t, "previous"))}
		if len(r.KeyVersions) == 0 {
			r.KeyVersions = []string{} // nil and empty are one value
		}
		spelled, err := json.Marshal([]any{r, seq, previous})
		if err != nil {
			t.Fatal(err)
		}
		hash := audit.Hash(previous, seq, &r)
		if before, ok := seen[hash]; ok && before != string(spelled) {
			t.Errorf("one hash for two records:\n%s\n%s", before, spelled)
		}
		seen[hash] = string(spelled)
	})
}

func TestHashCoversEveryField(t *testing.T) {
	base := record(1)
	base.KeyVersions = []string{"a", "b"}
	want := audit.Hash(make([]byte, 32), 1, &base)
	for name, change := range fieldChanges() {
		t.Run(name, func(t *testing.T) {
			r := record(1)
			r.KeyVersions = []string{"a", "b"}
			change(&r)
			if audit.Hash(make([]byte, 32), 1, &r) == want {
				t.Errorf("a change of %s does not change the hash", name)
			}
		})
	}
	if audit.Hash(make([]byte, 32), 2, &base) == want {
		t.Error("a change of the number does not change the hash")
	}
	if audit.Hash(append(make([]byte, 31), 1), 1, &base) == want {
		t.Error("a change of the previous hash does not change the hash")
	}
}

// fieldChanges has one change for every field of a record.
func fieldChanges() map[string]func(*walletport.AuditRecord) {
	type r = walletport.AuditRecord
	return map[string]func(*r){
		"time":              func(r *r) { r.Time = r.Time.Add(time.Millisecond) },
		"requestId":         func(r *r) { r.RequestID += "x" },
		"client":            func(r *r) { r.ClientID = "other" },
		"auditUser":         func(r *r) { r.AuditUser = "other" },
		"action":            func(r *r) { r.Action = walletport.ActionCardsImport },
		"issuer":            func(r *r) { r.Issuer = "" },
		"cardId":            func(r *r) { r.CardID++ },
		"wallet":            func(r *r) { r.Wallet = "other" },
		"scheme":            func(r *r) { r.Scheme = walletport.Visa },
		"outcome":           func(r *r) { r.Outcome = "card_not_found" },
		"keyVersions":       func(r *r) { r.KeyVersions = []string{"ab"} },
		"keyVersions order": func(r *r) { r.KeyVersions = []string{"b", "a"} },
		"stepUp":            func(r *r) { r.StepUp += "x" },
		"stepUp or none": func(r *r) {
			if r.StepUp == "" {
				r.StepUp = "eba-sca/fido"
			} else {
				r.StepUp = ""
			}
		},
		"remoteAddress":   func(r *r) { r.RemoteAddress = "192.0.2.8" },
		"details":         func(r *r) { r.SetDetail("change", r.Details.Get("change")+"x") },
		"details' names":  func(r *r) { r.SetDetail("more", "generate"); r.SetDetail("change", "") },
		"details or none": func(r *r) { r.Details = without(r.Details) },
	}
}

func without(details walletport.AuditDetails) walletport.AuditDetails {
	if len(details) > 0 {
		return nil
	}
	return details.With(walletport.DetailChange, "generate")
}

package audit

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// timeFormat is RFC 3339 with milliseconds, always in UTC.
const timeFormat = "2006-01-02T15:04:05.000Z"

// exportedLine is one line of an export, in the order that it is written in.
type exportedLine struct {
	Time          string              `json:"time"`
	Seq           int64               `json:"seq"`
	RequestID     string              `json:"requestId"`
	Client        string              `json:"client"`
	AuditUser     string              `json:"auditUser"`
	Action        string              `json:"action"`
	Issuer        string              `json:"issuer"`
	CardID        int64               `json:"cardId"`
	Wallet        string              `json:"wallet"`
	Scheme        string              `json:"scheme"`
	Outcome       string              `json:"outcome"`
	KeyVersions   []string            `json:"keyVersions"`
	StepUp        string              `json:"stepUp,omitempty"`
	RemoteAddress string              `json:"remoteAddress"`
	Details       map[string]string   `json:"details,omitempty"` // written in the order of the names
	Unreadable    map[string]string   `json:"unreadable,omitempty"`
	PreviousHash  string              `json:"previousHash"`
	Hash          string              `json:"hash"`
	Checkpoint    *exportedCheckpoint `json:"checkpoint,omitempty"`
	End           *exportedCheckpoint `json:"end,omitempty"`
}

// exportedCheckpoint is the member checkpoint or end of a line.
type exportedCheckpoint struct {
	Seq       int64  `json:"seq"`
	Hash      string `json:"hash"`
	Time      string `json:"time"`
	KeyID     string `json:"keyId"`
	Signature string `json:"signature"`
}

// encodeLine returns l with its line feed.
func encodeLine(l *line) ([]byte, error) {
	r := &l.Record
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(exportedLine{
		Time:          formatTime(r.Time),
		Seq:           l.Seq,
		RequestID:     r.RequestID,
		Client:        r.ClientID,
		AuditUser:     string(r.AuditUser),
		Action:        string(r.Action),
		Issuer:        string(r.Issuer),
		CardID:        int64(r.CardID),
		Wallet:        r.Wallet,
		Scheme:        string(r.Scheme),
		Outcome:       r.Outcome,
		KeyVersions:   append([]string{}, r.KeyVersions...), // [] rather than null
		StepUp:        r.StepUp,
		RemoteAddress: r.RemoteAddress,
		Details:       exportDetails(r.Details),
		Unreadable:    l.Unreadable,
		PreviousHash:  hex.EncodeToString(l.previous),
		Hash:          hex.EncodeToString(l.Hash),
		Checkpoint:    exportCheckpoint(l.checkpoint),
		End:           exportCheckpoint(l.end),
	})
	return out.Bytes(), err
}

func exportDetails(details walletport.AuditDetails) map[string]string {
	object := make(map[string]string, len(details))
	for _, d := range details {
		object[string(d.Name)] = d.Value
	}
	return object
}

func exportCheckpoint(c *storage.Checkpoint) *exportedCheckpoint {
	if c == nil {
		return nil
	}
	return &exportedCheckpoint{
		Seq:       c.Seq,
		Hash:      hex.EncodeToString(c.Hash),
		Time:      formatTime(c.Time),
		KeyID:     c.KeyID,
		Signature: base64.StdEncoding.EncodeToString(c.Signature),
	}
}

func formatTime(t time.Time) string { return t.UTC().Format(timeFormat) }

// decodeLine reads one line of an export, with or without its line feed. It is
// strict: exactly the members of a line, each once, each in the one form that
// Export writes, so that nothing rides along that no hash covers. How the JSON is
// spaced, ordered and escaped is free. Its errors say which member is wrong, never
// what it holds.
func decodeLine(text []byte) (*line, error) {
	object, err := parseObject(text)
	if err != nil {
		return nil, err
	}
	m := members{values: object}
	l := &line{
		AuditEntry: storage.AuditEntry{
			Seq: m.number("seq"),
			Record: walletport.AuditRecord{
				Time:          m.time("time"),
				RequestID:     m.text("requestId"),
				ClientID:      m.text("client"),
				AuditUser:     walletport.AuditUser(m.text("auditUser")),
				Action:        walletport.Action(m.text("action")),
				Issuer:        walletport.IssuerID(m.text("issuer")),
				CardID:        walletport.CardID(m.number("cardId")),
				Wallet:        m.text("wallet"),
				Scheme:        walletport.SchemeID(m.text("scheme")),
				Outcome:       m.text("outcome"),
				KeyVersions:   m.list("keyVersions"),
				StepUp:        m.optionalText("stepUp"),
				RemoteAddress: m.text("remoteAddress"),
				Details:       m.details("details"),
			},
			Hash:       m.hash("hash"),
			Unreadable: m.object("unreadable"),
		},
		previous:   m.hash("previousHash"),
		checkpoint: m.checkpoint("checkpoint"),
		end:        m.checkpoint("end"),
	}
	return l, m.finish()
}

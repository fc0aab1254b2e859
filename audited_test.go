package walletport_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/walletport/walletport"
)

// diary is an audit trail that notes in which order it is used.
type diary struct {
	lines []string
	err   error
}

func (d *diary) Record(_ context.Context, r walletport.AuditRecord) error {
	d.lines = append(d.lines, "unannounced record "+r.Outcome)
	return d.err
}

func (d *diary) Expect() walletport.AuditRecorder {
	d.lines = append(d.lines, "expect")
	return announced{d}
}

type announced struct{ diary *diary }

func (a announced) Record(_ context.Context, r walletport.AuditRecord) error {
	a.diary.lines = append(a.diary.lines, "record "+r.Outcome)
	return a.diary.err
}

func TestAudited(t *testing.T) {
	errAct := walletport.Errorf(walletport.CodeConflict, "card_closed", "the card is closed")
	errTrail := walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the disk is full")
	for _, c := range []struct {
		name       string
		act, trail error
		panics     bool
		announces  bool
		lines      []string
		result     string
		err        error
	}{
		{"an act is done, recorded and answered", nil, nil, false, false, []string{"act", "unannounced record ok"}, "payload", nil},
		{"one that announces itself does so once", nil, nil, false, true, []string{"act", "expect", "record ok"}, "payload", nil},
		{"a panic is recorded unannounced too", nil, nil, true, false, []string{"act", "unannounced record internal"}, "", nil},
		{"a refusal is recorded with its reason", errAct, nil, false, true, []string{"act", "expect", "record card_closed"}, "", errAct},
		{"without a record there is no answer", nil, errTrail, false, true, []string{"act", "expect", "record ok"}, "", errTrail},
		{"without a record a refusal is not told", errAct, errTrail, false, true, []string{"act", "expect", "record card_closed"}, "", errTrail},
		{"a panic is recorded and goes on", nil, nil, true, true, []string{"act", "expect", "record internal"}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &diary{err: c.trail}
			result, fault, err := audited(t, d, func(record *walletport.Auditing) (string, error) {
				d.lines = append(d.lines, "act")
				if c.announces {
					record.Announce()
					record.Announce()
				}
				if c.panics {
					panic("a bug")
				}
				return "payload", c.act
			})
			if result != c.result || !errors.Is(err, c.err) || (fault != nil) != c.panics {
				t.Errorf("result %q, error %v, panic %v", result, err, fault)
			}
			if !slices.Equal(d.lines, c.lines) {
				t.Errorf("the trail saw %q, want %q", d.lines, c.lines)
			}
		})
	}
}

func audited(t *testing.T, trail walletport.AuditTrail, act func(*walletport.Auditing) (string, error)) (result string, fault any, err error) {
	t.Helper()
	defer func() { fault = recover() }()
	result, err = walletport.Audited(t.Context(), trail, walletport.AuditRecord{}, act)
	return result, nil, err
}

package act_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
)

// diary is an audit trail that notes in which order it is used.
type diary struct {
	lines []string
	err   error
}

func (d *diary) Record(_ context.Context, r walletport.AuditRecord) error {
	d.lines = append(d.lines, "record "+r.Outcome)
	return d.err
}

func TestAudited(t *testing.T) {
	errAct := walletport.Errorf(walletport.CodeConflict, "card_closed", "the card is closed")
	errTrail := walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the disk is full")
	for _, c := range []struct {
		name         string
		fails, trail error
		panics       bool
		lines        []string
		result       string
		err          error
	}{
		{"an act is done, recorded and answered", nil, nil, false, []string{"act", "record ok"}, "payload", nil},
		{"a refusal is recorded with its reason", errAct, nil, false, []string{"act", "record card_closed"}, "", errAct},
		{"without a record there is no answer", nil, errTrail, false, []string{"act", "record ok"}, "", errTrail},
		{"without a record a refusal is not told", errAct, errTrail, false, []string{"act", "record card_closed"}, "", errTrail},
		{"a panic is recorded and goes on", nil, nil, true, []string{"act", "record internal"}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &diary{err: c.trail}
			result, fault, err := audited(t, d, func(*act.Record) (string, error) {
				d.lines = append(d.lines, "act")
				if c.panics {
					panic("a bug")
				}
				return "payload", c.fails
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

func audited(t *testing.T, trail walletport.AuditRecorder, do func(*act.Record) (string, error)) (result string, fault any, err error) {
	t.Helper()
	defer func() { fault = recover() }()
	result, err = act.Audited(t.Context(), trail, act.Request{}, do)
	return result, nil, err
}

func TestDeclared(t *testing.T) {
	errAct := walletport.Errorf(walletport.CodeConflict, "key_needed", "the key is needed")
	errTrail := walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the disk is full")
	for _, c := range []struct {
		name   string
		fault  error
		fails  int // which record fails, from 1; 0 for none
		panics bool
		lines  []string
		result string
		err    error
	}{
		{"an act is recorded before it is done and after", nil, 0, false, []string{"started a", "act", "ok a,b"}, "done", nil},
		{"a refusal is recorded with its reason", errAct, 0, false, []string{"started a", "act", "key_needed a,b"}, "", errAct},
		{"without the first record nothing is done", nil, 1, false, []string{"started a"}, "", errTrail},
		{"without the second record the caller is told", nil, 2, false, []string{"started a", "act", "ok a,b"}, "", errTrail},
		{"without the second record the act's own error is told too", errAct, 2, false, []string{"started a", "act", "key_needed a,b"}, "", errAct},
		{"a panic is recorded and goes on", nil, 0, true, []string{"started a", "act", "internal a"}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &declarations{fails: c.fails, err: errTrail}
			result, fault, err := declared(t, d, func(record *act.Record) (string, error) {
				d.lines = append(d.lines, "act")
				if c.panics {
					panic("a bug")
				}
				record.SetDetail("b", "learned")
				return "done", c.fault
			})
			if result != c.result || !errors.Is(err, c.err) || (fault != nil) != c.panics {
				t.Errorf("result %q, error %v, panic %v", result, err, fault)
			}
			if c.fails > 0 && !errors.Is(err, errTrail) {
				t.Errorf("error %v hides that of the trail", err)
			}
			if !slices.Equal(d.lines, c.lines) {
				t.Errorf("the trail saw %q, want %q", d.lines, c.lines)
			}
		})
	}
	t.Run("without a request id nothing is done", func(t *testing.T) {
		_, err := act.Declared(t.Context(), &declarations{}, act.Request{}, func(*act.Record) (string, error) {
			t.Error("the act was done")
			return "", nil
		})
		if err == nil {
			t.Error("no error")
		}
	})
}

// declarations notes outcomes and names of details, and that the records are of one act.
type declarations struct {
	lines []string
	fails int
	err   error
}

func (d *declarations) Record(ctx context.Context, r walletport.AuditRecord) error {
	var names []string
	for _, detail := range r.Details {
		names = append(names, string(detail.Name))
	}
	d.lines = append(d.lines, r.Outcome+" "+strings.Join(names, ","))
	if r.RequestID != "op-1" || r.ClientID != "operator" || !r.Time.IsZero() {
		d.lines = append(d.lines, "not of the act")
	}
	if r.Outcome != walletport.OutcomeStarted && ctx.Err() != nil {
		d.lines = append(d.lines, "interrupted")
	}
	if d.fails--; d.fails == 0 {
		return d.err
	}
	return nil
}

// declared interrupts the act: its outcome must be recorded all the same.
func declared(t *testing.T, trail walletport.AuditRecorder, do func(*act.Record) (string, error)) (result string, fault any, err error) {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	var details walletport.AuditDetails
	ctx = walletport.WithRequest(ctx, walletport.Request{ID: "op-1", Details: details.With("a", "known")})
	ctx = walletport.WithActor(ctx, walletport.Actor{ClientID: "operator"})
	defer func() { fault = recover() }()
	result, err = act.Declared(ctx, trail, act.Request{Action: walletport.ActionKeyChange}, func(record *act.Record) (string, error) {
		interrupt()
		return do(record)
	})
	return result, nil, err
}

// TestARecordGivesNothingOfTheRequestBack: what was asked for is in the Request, which the
// flow has; what a flow can read of a record is what the act has put there.
func TestARecordGivesNothingOfTheRequestBack(t *testing.T) {
	fields := map[string]bool{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[act.Record]()) {
		if field.IsExported() {
			fields[field.Name] = true
		}
	}
	want := map[string]bool{"Facts": true, "Issuer": true, "Scheme": true, "KeyVersions": true, "Details": true, "Outcome": true}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("members of a record that others see (-want +got):\n%s", diff)
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[act.Call]()) {
		if field.IsExported() && field.Type == reflect.TypeFor[*act.Record]() {
			t.Errorf("a call hands out its record as %s", field.Name)
		}
	}
}

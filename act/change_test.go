package act_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// commits is a trail that notes apart what it is to commit with a change.
type commits struct {
	declarations
	calls    int   // how often change is called
	fault    error // of the commit
	recorded string
}

func (c *commits) RecordChange(_ context.Context, change func(storage.Tx) (walletport.AuditRecord, error)) error {
	for call := 1; ; call++ {
		r, err := change(nil)
		if err != nil {
			return err
		}
		if call < c.calls {
			continue
		}
		if c.fault == nil {
			c.recorded = r.Outcome + " " + r.RequestID + " " + r.ClientID + " " + r.Details.Get("a") + r.Details.Get("b")
		}
		return c.fault
	}
}

func operating(ctx context.Context) context.Context {
	var details walletport.AuditDetails
	ctx = walletport.WithRequest(ctx, walletport.Request{ID: "op-1", Details: details.With("a", "known")})
	return walletport.WithActor(ctx, walletport.Actor{ClientID: "operator"})
}

func TestDeclaredChange(t *testing.T) {
	errChange := walletport.Errorf(walletport.CodeConflict, "client_revoked", "the client has been revoked")
	errTrail := walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the disk is full")
	for _, c := range []struct {
		name     string
		trail    commits
		change   error
		lines    []string // without the change
		recorded string   // with it
		err      error
	}{
		{"the second record is committed with the change", commits{calls: 1}, nil, []string{"started a"}, "ok op-1 operator known1", nil},
		{"each call begins with the record as it was intended", commits{calls: 3}, nil, []string{"started a"}, "ok op-1 operator known3", nil},
		{"a refusal is recorded with its reason, and nothing with it", commits{calls: 1}, errChange, []string{"started a", "client_revoked a,b"}, "", errChange},
		{"a commit that fails is recorded as such", commits{calls: 1, fault: errTrail}, nil, []string{"started a", "audit_unavailable a,b"}, "", errTrail},
		{"without the first record nothing is done", commits{calls: 1, declarations: declarations{fails: 1, err: errTrail}}, nil, []string{"started a"}, "", errTrail},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			err := act.DeclaredChange(operating(t.Context()), &c.trail, act.Request{Action: walletport.ActionClientChange}, func(_ storage.Tx, record *act.Record) error {
				if record.Details.Get("b") != "" {
					t.Error("the record holds what an earlier call learned")
				}
				calls++
				record.SetDetail("b", strconv.Itoa(calls))
				return c.change
			})
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			if !slices.Equal(c.trail.lines, c.lines) || c.trail.recorded != c.recorded {
				t.Errorf("the trail has %q, and %q with the change; want %q and %q", c.trail.lines, c.trail.recorded, c.lines, c.recorded)
			}
		})
	}
	t.Run("a panic is recorded and goes on", func(t *testing.T) {
		trail := &commits{calls: 1}
		defer func() {
			if recover() == nil || !slices.Equal(trail.lines, []string{"started a", "internal a"}) || trail.recorded != "" {
				t.Errorf("the trail has %q and %q", trail.lines, trail.recorded)
			}
		}()
		_ = act.DeclaredChange(operating(t.Context()), trail, act.Request{}, func(storage.Tx, *act.Record) error { panic("a bug") })
	})
}

package act_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/storage"
)

// step is one commit of an act that is several.
func step(outcome string) func(storage.Tx, *act.Record) error {
	return func(_ storage.Tx, record *act.Record) error {
		record.Outcome = outcome
		return nil
	}
}

func TestAnActOfSeveralCommits(t *testing.T) {
	errTrail := walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the disk is full")
	for _, c := range []struct {
		name      string
		fault     error // of the second commit
		err       error
		committed string // by the last commit that worked
		lines     []string
	}{
		{"each commit has its record, and no other is added", nil, nil, "scheme_outcome_unknown op-1 operator known", nil},
		{"an error after the commits adds none", nil, errors.New("a caller who waited in vain"), "scheme_outcome_unknown op-1 operator known", nil},
		{"the record of a commit that fails is written alone", errTrail, errTrail, "started op-1 operator known", []string{"audit_unavailable a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			trail := &commits{calls: 1}
			_, err := act.Audited(operating(t.Context()), trail, act.Request{}, func(record *act.Record) (struct{}, error) {
				if err := record.Commit(t.Context(), trail, step(walletport.OutcomeStarted)); err != nil {
					t.Fatal(err)
				}
				trail.fault = c.fault
				if err := record.Commit(t.Context(), trail, step("scheme_outcome_unknown")); err != nil {
					return struct{}{}, err
				}
				return struct{}{}, c.err
			})
			if !errors.Is(err, c.err) || trail.recorded != c.committed || !slices.Equal(trail.lines, c.lines) {
				t.Errorf("error %v, committed %q, and the trail has %q", err, trail.recorded, trail.lines)
			}
		})
	}
	t.Run("a commit that finds itself made has its record", func(t *testing.T) {
		trail := &commits{calls: 1}
		_, err := act.Audited(operating(t.Context()), trail, act.Request{}, func(record *act.Record) (struct{}, error) {
			return struct{}{}, record.Commit(t.Context(), trail, func(storage.Tx, *act.Record) error { return act.ErrCommitted })
		})
		if err != nil || trail.recorded != "" || len(trail.lines) != 0 {
			t.Errorf("error %v, committed %q, and the trail has %q", err, trail.recorded, trail.lines)
		}
	})
	t.Run("a commit that nobody waits for", func(t *testing.T) {
		trail := &commits{calls: 2}
		err := act.Commit(operating(t.Context()), trail, act.Request{}, step(""))
		if err != nil || trail.recorded != "ok op-1 operator known" || len(trail.lines) != 0 {
			t.Errorf("error %v, committed %q, and the trail has %q", err, trail.recorded, trail.lines)
		}
	})
}

func TestFoundCard(t *testing.T) {
	const digits = "5555555555554444"
	card := acttest.NewCard(t, 900719, digits).CardSummary
	for _, hidden := range acttest.HiddenNumbers(digits) {
		trail := &commits{calls: 1}
		asked := act.Request{AuditUser: walletport.AuditUser(hidden)}
		_, err := act.Audited(operating(t.Context()), trail, asked, func(record *act.Record) (struct{}, error) {
			return struct{}{}, record.FoundCard(card)
		})
		if walletport.ReasonOf(err) != "audit_user_contains_pan" {
			t.Errorf("error %v", err)
		}
		asked = act.Request{Texts: []act.Text{{Field: "note", Reason: "note_contains_pan", Value: hidden}}}
		_, err = act.Audited(operating(t.Context()), trail, asked, func(record *act.Record) (struct{}, error) {
			return struct{}{}, record.FoundCard(card)
		})
		if walletport.ReasonOf(err) != "note_contains_pan" {
			t.Errorf("error %v", err)
		}
	}
	trail := &commits{calls: 1}
	err := act.Commit(operating(t.Context()), trail, act.Request{}, func(_ storage.Tx, record *act.Record) error {
		return record.FoundCard(card)
	})
	if err != nil || trail.recorded != "ok op-1 operator known" {
		t.Errorf("error %v, committed %q", err, trail.recorded)
	}
}

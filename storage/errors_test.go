package storage_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func TestErrUnavailable(t *testing.T) {
	interrupted := errors.New("interrupted (9)")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	t.Run("a caller who left is in the chain whatever the driver said", func(t *testing.T) {
		err := storage.ErrUnavailable(ended, interrupted)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, interrupted) {
			t.Errorf("got %v, want both causes in its chain", err)
		}
	})
	t.Run("a caller who waits is not", func(t *testing.T) {
		err := storage.ErrUnavailable(t.Context(), interrupted)
		if errors.Is(err, context.Canceled) || !errors.Is(err, interrupted) {
			t.Errorf("got %v, want the driver's error alone", err)
		}
	})
	if got := walletport.CodeOf(storage.ErrUnavailable(ended, interrupted)); got != walletport.CodeUnavailable {
		t.Errorf("code = %s, want %s", got, walletport.CodeUnavailable)
	}
}

func TestLists(t *testing.T) {
	for _, c := range []struct {
		name string
		list []string
		text string
		back []string
	}{
		{"nil is an empty array and comes back nil", nil, "[]", nil},
		{"empty comes back nil", []string{}, "[]", nil},
		{"order, quotes and empty strings stay", []string{"b", `a"`, ""}, `["b","a\"",""]`, []string{"b", `a"`, ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := storage.EncodeList(c.list)
			if err != nil || text != c.text {
				t.Fatalf("EncodeList = %s, %v, want %s", text, err, c.text)
			}
			back := []string{"old"}
			if err := storage.DecodeList(text, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.back, back); diff != "" {
				t.Errorf("DecodeList (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("what is no array is refused", func(t *testing.T) {
		var list []string
		if err := storage.DecodeList(`{"a":1}`, &list); err == nil {
			t.Error("DecodeList took an object")
		}
	})
}

func TestDetails(t *testing.T) {
	for _, c := range []struct {
		name    string
		details walletport.AuditDetails
		text    string
	}{
		{"none are no text", nil, ""},
		{"one is a member", walletport.AuditDetails{{Name: "a", Value: "b"}}, `{"a":"b"}`},
		{"quotes and order stay", walletport.AuditDetails{{Name: "b", Value: `"x"`}, {Name: "a", Value: `\`}}, `{"b":"\"x\"","a":"\\"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := storage.EncodeDetails(c.details)
			if err != nil || text != c.text {
				t.Fatalf("EncodeDetails = %s, %v, want %s", text, err, c.text)
			}
			back, err := storage.DecodeDetails(text)
			if diff := cmp.Diff(c.details, back); err != nil || diff != "" {
				t.Errorf("DecodeDetails, error %v (-want +got):\n%s", err, diff)
			}
		})
	}
	for _, text := range []string{`[]`, `{`, `{"a"}`, `{"a":1}`, `{"a":{"b":"c"}}`, `{"a":"b"`, `{"a":"b"}}`, `{"a":"b"} x`, `null`, `x`} {
		t.Run("refused: "+text, func(t *testing.T) {
			if details, err := storage.DecodeDetails(text); err == nil {
				t.Errorf("DecodeDetails took it as %v", details)
			}
		})
	}
}

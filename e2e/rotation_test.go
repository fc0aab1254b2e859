package e2e_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRotationUnderLoad replaces the signing key and the key that seals the cards
// while requests run: nobody notices.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := mustSandbox(t, filepath.Join(t.TempDir(), "box"), e.url(t))
			l := startLoad(t, "rotate", 3, s.caller(), goodCard, wallet)
			l.mustReach(t, 10)

			mustRun(t, "", s.at().with("keys", "generate", "tav-signing", "--alias", "SANDBOX-2", "--activate")...)
			s.mustSignWith(t, "tav-signing-v2")
			mustRun(t, "", s.at().with("keys", "retire", "tav-signing-v1")...)
			s.wantPayloadsUnder(t, "tav-signing-v2", "tav-signing-v1")

			mustRun(t, "", s.at().with("keys", "generate", "vault-kek", "--activate")...)
			moved := mustRun(t, "", s.at().with("cards", "rewrap")...)
			if !strings.HasPrefix(moved, "16 data keys moved, 0 failed") {
				t.Errorf("rewrap: %s", moved)
			}
			l.mustReach(t, 20)
			mustRun(t, "", s.at().with("keys", "retire", "vault-kek-v1")...)
			l.mustReach(t, 50)

			answers := l.stop()
			wantAllGood(t, answers)
			tr := mustExport(t, s.at())
			tr.wantRecorded(t, answers)
			mustVerify(t, s.at(), tr)
			s.mustStop(t)
		})
	}
}

// mustSignWith waits until answers are made with a key.
func (s *sandbox) mustSignWith(t *testing.T, keyID string) {
	t.Helper()
	n := 0
	eventually(t, "payloads are signed with "+keyID, func() bool {
		n++
		a := s.caller().provision(goodCard, wallet, keyID+"-"+string(rune('a'+n%26)))
		if a.code() != "ok" {
			t.Fatalf("in the middle of a rotation: %v", a)
		}
		records := mustExport(t, s.at()).byID[a.requestID]
		return slices.Contains(records[len(records)-1].KeyVersions, keyID)
	})
}

// wantPayloadsUnder wants a new payload to verify under the one key and not under
// the other, by inspect, and MDES to make a token of it.
func (s *sandbox) wantPayloadsUnder(t *testing.T, newKey, oldKey string) {
	t.Helper()
	payload := s.caller().provision(goodCard, wallet, "under-"+newKey).mustPayload(t)
	if found := s.mustAdd(t, wallet, payload); !found.Accepted || found.Token == nil || found.Token.Status != "ACTIVE" {
		t.Errorf("MDES answered %+v", found)
	}
	got := map[string]int{}
	for _, key := range []string{newKey, oldKey} {
		got[key] = run(t, payload, "inspect", "-", "--keys", s.mustKeysWith(t, key)).code
	}
	if want := map[string]int{newKey: 0, oldKey: 1}; !maps.Equal(got, want) {
		t.Errorf("exit codes of inspect by TAV key: %v, want %v", got, want)
	}
}

// mustKeysWith writes a sandbox.json with another TAV key.
func (s *sandbox) mustKeysWith(t *testing.T, keyID string) string {
	t.Helper()
	file := s.file
	file.MDES.TAVPublicKey = mustRun(t, "", s.at().with("keys", "export-public", keyID)...)
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	mustWrite(t, path, string(text))
	return path
}

// TestNoActiveKey retires the only signing key, as after a leak.
func TestNoActiveKey(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "")
	s := p.mustServe(t)
	s.provision(serveCardID, wallet, "before").mustPayload(t)
	if r := run(t, "", p.at().with("keys", "retire", "tav-signing-v1")...); r.code != 1 {
		t.Errorf("the only signing key was retired without a word: exit code %d", r.code)
	}
	mustRun(t, "", p.at().with("keys", "retire", "tav-signing-v1", "--needed")...)
	eventually(t, "readiness says that a key is missing", func() bool {
		failed, status, ok := s.ready()
		return ok && status == "not_ready" && maps.Equal(failed, map[string]string{"offers": "offers_unavailable"})
	})
	a := s.provision(serveCardID, wallet, "without")
	if a.status != 503 || a.code() != "key_unavailable" || a.header.Get("Retry-After") == "" {
		t.Errorf("without a key: %v", a)
	}
	mustRun(t, "", p.at().with("keys", "generate", "tav-signing", "--activate")...)
	eventually(t, "the server is ready again", s.isReady)
	good := s.provision(serveCardID, wallet, "after")
	good.mustPayload(t)
	tr := mustExport(t, p.at())
	tr.wantRecorded(t, []answer{a, good})
	mustVerify(t, p.at(), tr)
	s.mustStop(t)
}

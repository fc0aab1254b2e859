package main

import (
	"crypto/ed25519"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/walletport/walletport/sim/witnesssim"
)

// startWitness serves a witness that knows the sandbox's trail.
func startWitness(t *testing.T, dir string) (url, key string) {
	t.Helper()
	verifier, err := note.NewVerifier(strings.TrimSpace(mustPrint(t, "audit", "checkpoint", "--public-keys", "--dir", dir)))
	if err != nil {
		t.Fatal(err)
	}
	witness := witnesssim.New("witness.example/w1", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), time.Now, witnesssim.Known(verifier))
	server := httptest.NewServer(witness)
	t.Cleanup(server.Close)
	return server.URL + "/submit/", witness.Key()
}

func TestAWitnessConfirmsTheTrail(t *testing.T) {
	dir := mustMakeSandbox(t)
	url, key := startWitness(t, dir)
	cosign := []string{"audit", "cosign", "--url", url, "--witness", key, "--dir", dir}
	verify := []string{"audit", "verify", "--no-record", "--witness", key, "--dir", dir}
	fails := func(t *testing.T, want string, args ...string) {
		t.Helper()
		if code, printed := mustRunCommand(t, args...); code == exitOK || !strings.Contains(printed, want) {
			t.Errorf("exit %d, printed %s; want %s", code, printed, want)
		}
	}
	fails(t, "unwitnessed: witness.example/w1 has confirmed nothing", verify...)
	fails(t, "but for that it is good: 6 records", verify...)
	if printed := mustPrint(t, cosign...); !strings.Contains(printed, "witness witness.example/w1 confirmed it") {
		t.Errorf("printed %s", printed)
	}
	if printed := mustPrint(t, append(verify, "--witnessed-within", "1h")...); !strings.Contains(printed, "witness witness.example/w1 confirmed records 1 to 6") {
		t.Errorf("printed %s", printed)
	}
	if printed := mustPrint(t, append(verify, "--witness", key)...); strings.Count(printed, "witness witness.example/w1 confirmed") != 1 {
		t.Errorf("named twice: printed %s", printed)
	}
	fails(t, "confirmed nothing since", append(verify, "--witnessed-within", "1ns")...)
	if printed := mustPrint(t, append(verify, "--json")...); !strings.Contains(printed, `"name":"witness.example/w1"`) {
		t.Errorf("printed %s", printed)
	}
	mustPrint(t, "audit", "verify", "--dir", dir) // a record more
	mustPrint(t, cosign...)
	if printed := mustPrint(t, "audit", "checkpoint", "--dir", dir); strings.Count(printed, "\u2014 ") != 2 {
		t.Errorf("the note is %s", printed)
	}

	t.Run("and a record in the tree that it confirmed is proved so", func(t *testing.T) {
		pem := mustWriteTemp(t, mustPrint(t, "keys", "export-public", "audit-checkpoint-v1", "--dir", dir))
		mustPrint(t, "audit", "prove", "3", "--dir", dir) // leaves a record, and a note that nobody confirmed
		newest := mustWriteTemp(t, mustPrint(t, "audit", "prove", "3", "--no-record", "--dir", dir))
		fails(t, "unwitnessed", "audit", "verify-proof", newest, "--key", pem, "--witness", key)
		confirmed := mustWriteTemp(t, mustPrint(t, "audit", "prove", "3", "--witness", key, "--dir", dir))
		if printed := mustPrint(t, "audit", "verify-proof", confirmed, "--key", pem, "--witness", key); !strings.Contains(printed, "record 3 is proved") {
			t.Errorf("printed %s", printed)
		}
		fails(t, "audit_note_missing: remora.n621.de has confirmed nothing", "audit", "prove", "3", "--witness", "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", "--dir", dir)
		fails(t, "--checkpoint and --witness", "audit", "prove", "3", "--witness", key, "--checkpoint", confirmed, "--dir", dir)
	})
	t.Run("and not one that is cut back", func(t *testing.T) {
		mustTamper(t, dir, "DELETE FROM audit_cosignatures", "DELETE FROM audit_notes WHERE size > 6")
		fails(t, "witness_refused: it confirmed a tree of 7 records", cosign...)
		fails(t, "unwitnessed", verify...)
	})
	t.Run("and is away", func(t *testing.T) {
		fails(t, "", "audit", "cosign", "--url", "http://127.0.0.1:1", "--witness", key, "--dir", dir)
		mustPrint(t, "audit", "verify", "--no-record", "--dir", dir)
	})
	t.Run("and is named wrongly", func(t *testing.T) {
		fails(t, "--witness", "audit", "cosign", "--url", url, "--witness", "x", "--dir", dir)
		fails(t, "--url", "audit", "cosign", "--url", "http://witness.example", "--witness", key, "--dir", t.TempDir())
		fails(t, "--witnessed-within", "audit", "verify", "--witnessed-within", "1h", "--dir", dir)
		fails(t, "--witnessed-within", "audit", "verify", "--witnessed-within", "0s", "--dir", dir)
	})
}

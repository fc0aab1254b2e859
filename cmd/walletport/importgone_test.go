package main

import "testing"

// TestNothingIsLeftOfACardThatIsGone: an import that was broken off has stored another customer and
// another number ahead of the card, and nobody ends it.
func TestNothingIsLeftOfACardThatIsGone(t *testing.T) {
	for _, command := range []string{"forget", "delete"} {
		t.Run(command, func(t *testing.T) {
			dir := mustMakeSandbox(t)
			const header = "cardId,pan,expiryMonth,expiryYear,customerId\n"
			importing := func(rows string) int {
				code, _ := mustRunCommand(t, "cards", "import", mustWriteTemp(t, header+rows), "--format", "csv", "--dir", dir)
				return code
			}
			if code := importing("6001,5204247750001471,12,2031,5001\n6003,5204247750001471,12,2031,5003\n"); code != exitOK {
				t.Fatalf("exit %d", code)
			}
			mustTamper(t, dir, "CREATE TRIGGER full BEFORE INSERT ON cards WHEN NEW.id = 6002 BEGIN SELECT RAISE(ABORT, 'full'); END")
			if code := importing("6001,5555555555554444,12,2031,5002\n6002,5204247750001471,12,2031,5004\n"); code != exitFault {
				t.Fatalf("exit %d", code)
			}
			db := mustOpenDatabase(t, dir)
			count := func(id int) (values int) {
				if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM card_finds WHERE card_id = ?", id).Scan(&values); err != nil {
					t.Fatal(err)
				}
				return values
			}
			if values := count(6001); values != 6 {
				t.Fatalf("%d values stand of the card and ahead of it, want 3 of each", values)
			}
			db.Close()
			if code, printed := mustRunCommand(t, "cards", command, "6001", "--yes", "--dir", dir); code != exitOK {
				t.Fatalf("exit %d, printed %s", code, printed)
			}
			db = mustOpenDatabase(t, dir)
			if left, other, ahead := count(6001), count(6003), count(6002); left != 0 || other != 3 || ahead != 3 {
				t.Errorf("%d values of the card are left; another one has %d, and the one that is to come %d", left, other, ahead)
			}
		})
	}
}

// TestACardThatWasDeletedBefore: what was stored ahead of it goes when the command is called again.
func TestACardThatWasDeletedBefore(t *testing.T) {
	dir := mustMakeSandbox(t)
	mustTamper(t, dir, "CREATE TRIGGER full BEFORE INSERT ON cards WHEN NEW.id = 6002 BEGIN SELECT RAISE(ABORT, 'full'); END")
	file := mustWriteTemp(t, "cardId,pan,expiryMonth,expiryYear,customerId\n6001,5204247750001471,12,2031,5001\n6002,5204247750001471,12,2031,5002\n")
	if code, _ := mustRunCommand(t, "cards", "import", file, "--format", "csv", "--dir", dir); code != exitFault {
		t.Fatalf("exit %d", code)
	}
	if code, printed := mustRunCommand(t, "cards", "delete", "6001", "--yes", "--dir", dir); code != exitFault {
		t.Fatalf("exit %d, printed %s", code, printed)
	}
	var left int
	db := mustOpenDatabase(t, dir)
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM card_finds WHERE card_id = 6001").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d values are left, %v", left, err)
	}
}

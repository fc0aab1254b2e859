package sim_test

import (
	"encoding/json"
	"html"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/simtest"
)

const clearPAN = "5204247750001471"

func find(text string, numbers ...string) *sim.Finding {
	clear := sim.Clear{Sealed: []string{"sealed"}, Elsewhere: []string{"elsewhere"}}
	clear.Add("", []byte(text))
	var known []sim.CardNumber
	for _, number := range numbers {
		known = append(known, sim.NewCardNumber(number))
	}
	return clear.Find(known...)
}

func mustJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestClearFindsCardData(t *testing.T) {
	for _, l := range simtest.Leaks(clearPAN) {
		t.Run(l.Name, func(t *testing.T) {
			text := mustJSON(t, l.In(map[string]any{"digitizationData": "eyJhIjoxfQ=="}))
			for _, given := range []string{text, " " + text + "\n", mustJSON(t, text), "HTTP/1.1 200 OK\r\nA: b\r\n\r\n" + text, string(simtest.UTF16("\ufeff" + text)), html.EscapeString(text)} {
				f := find(given, clearPAN)
				if codeOfFinding(f) != "clear_card_data" {
					t.Fatalf("%s: fault %q", given, codeOfFinding(f))
				}
				if walletport.ContainsPAN(f.Detail) || strings.Contains(f.Detail, "CARDHOLDER") {
					t.Errorf("the detail shows card data: %s", f.Detail)
				}
			}
			if got, want := codeOfFinding(find(text)) == "clear_card_data", !l.OnlyOpened; got != want {
				t.Errorf("without a card that was opened: found %v, want %v", got, want)
			}
		})
	}
}

func TestClearRaisesNoFalseAlarm(t *testing.T) {
	for name, value := range simtest.NoLeaks() {
		if f := find(mustJSON(t, map[string]any{name: value}), "4929000000006"); f != nil {
			t.Errorf("%s: %s", name, f.Detail)
		}
	}
	for _, text := range []string{"", "{}", "null", "[]", `"x"`, "{", "eyJhbGciOiJkaXIifQ....", "§", strings.Repeat("[", 200), strings.Repeat("1", 70_000)} {
		if f := find(text, clearPAN); f != nil {
			t.Errorf("%.20q: %s", text, f.Detail)
		}
	}
}

// The headers that were pasted with a payload are read by anyone too.
func TestClearSearchesWhatIsAroundThePayload(t *testing.T) {
	const payload = `{"elsewhere":"x"}`
	for _, around := range []string{"HTTP/1.1 200 OK\r\nX-Card: " + clearPAN + "\r\n\r\n" + payload, "card: " + clearPAN + "\n\n" + payload,
		"< HTTP/1.1 200\n< X-Card: " + clearPAN + "\n< \n" + payload} {
		if f := find(around); codeOfFinding(f) != "clear_card_data" || !strings.HasPrefix(f.Detail, "what stands around the payload") {
			t.Errorf("%q: %+v", around, f)
		}
	}
}

// A number that is too short to be told from chance, or none at all, is not looked for.
func TestClearPassesOverShortNumbers(t *testing.T) {
	for _, number := range []string{"", "123456789", "x"} {
		if f := find(`{"a":"123456789x"}`, number); f != nil {
			t.Errorf("%q: %s", number, f.Detail)
		}
	}
}

func TestClearNamesWhatIsNotEncrypted(t *testing.T) {
	for name, text := range simtest.Unencrypted(`{"accountNumber":"` + clearPAN + `"}`) {
		t.Run(name, func(t *testing.T) {
			for _, number := range []string{"", clearPAN} {
				if code := codeOfFinding(find(mustJSON(t, map[string]any{"a": map[string]any{"sealed": text}}), number)); code != "not_encrypted" {
					t.Errorf("fault %q", code)
				}
			}
		})
	}
	if code := codeOfFinding(find(`{"sealed":{"accountNumber":"x"}}`)); code != "not_encrypted" {
		t.Errorf("an object: fault %q", code)
	}
	for _, list := range []string{`[123,34,97,34,58,49,125]`, `{"type":"Buffer","data":[123,34,97,34,58,49,125]}`} { // {"a":1}
		if code := codeOfFinding(find(`{"sealed":` + list + `}`)); code != "not_encrypted" {
			t.Errorf("%s: fault %q", list, code)
		}
	}
	if f := find(`{"sealed":{"type":"Buffer","data":[-1,0,200,17]}}`); f != nil {
		t.Errorf("ciphertext as a Buffer: %s", f.Detail)
	}
	if code := codeOfFinding(find(`{"sealed":{},"note":"`+clearPAN+`"}`, clearPAN)); code != "clear_card_data" {
		t.Errorf("card data in clear come first: fault %q", code)
	}
	if code := codeOfFinding(find(`{"sealed":"` + clearPAN + `"}`)); code != "clear_card_data" {
		t.Errorf("a PAN where ciphertext belongs: fault %q", code)
	}
}

func TestClearLeavesToOthersWhatIsTheirs(t *testing.T) {
	if f := find(`{"elsewhere":"`+clearPAN+`"}`, clearPAN); f != nil {
		t.Errorf("judged all the same: %s", f.Detail)
	}
	if f := find(`{"a":{"elsewhere":"`+clearPAN+`"}}`, clearPAN); codeOfFinding(f) != "clear_card_data" {
		t.Error("a member of that name further down is nobody else's")
	}
}

func TestClearSeesADoubledMember(t *testing.T) {
	if f := find(`{"a":"`+clearPAN+`","a":"x"}`, clearPAN); codeOfFinding(f) != "clear_card_data" {
		t.Error("the first of two members of a name is not seen")
	}
}

func TestClearJudgesAsARule(t *testing.T) {
	list := sim.NewChecklist([]string{"sealed", "other"})
	list.Fail("other", sim.JSONInvalid, "broken")
	var clear sim.Clear
	clear.Add("the header", []byte(`{"x":{"`+clearPAN+`":1}}`))
	clear.Judge(list, "sealed", sim.NewCardNumber(clearPAN))
	f := list.Verdict().FirstFault
	if f.Code != "clear_card_data" || !strings.HasPrefix(f.Detail, "the header.x.(withheld)") || f.Remedy == "" {
		t.Errorf("fault %+v", f)
	}
}

func TestThenPutsCardDataInClearFirst(t *testing.T) {
	fault := func(code string) sim.Verdict { return sim.Verdict{FirstFault: &sim.Fault{Code: code}} }
	for _, c := range []struct{ first, next, want string }{
		{"a", "b", "a"}, {"a", "clear_card_data", "clear_card_data"}, {"clear_card_data", "a", "clear_card_data"}, {"a", "not_encrypted", "a"},
	} {
		if got := fault(c.first).Then(fault(c.next)).FirstFault.Code; got != c.want {
			t.Errorf("%s then %s: %s, want %s", c.first, c.next, got, c.want)
		}
	}
}

func FuzzClear(f *testing.F) {
	for _, seed := range []string{`{"a":"` + clearPAN + `"}`, `{"sealed":"e30="}`, "NTIwNDI0Nzc1MDAwMTQ3MQ==", "eyJ.eyJ.x", "%35%32", "&#53;", "5\x002\x00", `"\""`, `[[[[`, `{"a":5.2e15}`} {
		f.Add([]byte(seed), "sealed")
	}
	f.Fuzz(func(t *testing.T, text []byte, name string) {
		clear := sim.Clear{Sealed: []string{name}, Elsewhere: []string{name}}
		clear.Add(name, text)
		clear.AddSealed("the ciphertext", text)
		found := clear.Find(sim.NewCardNumber(clearPAN))
		if found == nil {
			if strings.Contains(string(text), clearPAN) && json.Valid(text) == false {
				t.Errorf("the PAN itself is not seen")
			}
			return
		}
		if detail := strings.ReplaceAll(found.Detail, name, ""); found.Kind.Remedy == "" || walletport.ContainsPAN(detail) {
			t.Errorf("finding %s, %s", found.Kind.Code, found.Detail)
		}
	})
}

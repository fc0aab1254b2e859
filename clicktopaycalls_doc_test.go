package walletport_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheClickToPayPageHasEveryCall holds the first table to the paths of the API.
func TestTheClickToPayPageHasEveryCall(t *testing.T) {
	const below = "/v1/click2pay/VISA"
	page := readPage(t, clickToPayPage)
	calls := regexp.MustCompile(`(?m)^  `+below+`(/.*):\n    (get|post|put):$`).FindAllStringSubmatch(readPage(t, "api/openapi.yaml"), -1)
	if len(calls) != 9 {
		t.Errorf("%d calls were found", len(calls))
	}
	for _, call := range calls {
		row := "\n| `" + strings.ToUpper(call[2]) + " " + call[1] + "` |"
		_, rest, isThere := strings.Cut(page, row)
		if !isThere {
			t.Errorf("the page has no row %s", row)
			continue
		}
		cells := strings.Split(rest[:strings.Index(rest, "\n")], " |")
		shown := regexp.MustCompile("\\(?`(\\w+)`\\)?").FindAllString(cells[1], -1)
		if want := membersOfCall(t, below+call[1]); !slices.Equal(slices.Sorted(slices.Values(shown)), want) {
			t.Errorf("the page has the members %q of %s, want %q", shown, call[1], want)
		}
	}
}

// membersOfCall lists the members of a call's body by the specification, as the page writes them:
// those that may be left out in brackets.
func membersOfCall(t *testing.T, path string) (members []string) {
	t.Helper()
	spec := readPage(t, "api/openapi.yaml")
	_, call, _ := strings.Cut(spec, "\n  "+path+":\n")
	call, _, _ = strings.Cut(call, "\n      responses:\n")
	body := regexp.MustCompile(`requestBody:[^#]*#/components/schemas/(\w+)`).FindStringSubmatch(call)
	if body == nil {
		return nil
	}
	_, schema, _ := strings.Cut(spec, "\n    "+body[1]+":\n")
	schema = regexp.MustCompile(`(?m)^    \w+:$`).Split(schema, 2)[0]
	required := regexp.MustCompile(`(?m)^      required: \[(.*)\]$`).FindStringSubmatch(schema)
	for _, member := range regexp.MustCompile(`(?m)^        (\w+):$`).FindAllStringSubmatch(schema, -1) {
		if text := "`" + member[1] + "`"; required != nil && slices.Contains(strings.Split(required[1], ", "), member[1]) || member[1] == "active" {
			members = append(members, text)
		} else {
			members = append(members, "("+text+")")
		}
	}
	return slices.Sorted(slices.Values(members))
}

// shownCall is a call in a block of commands whose answer is printed.
var shownCall = regexp.MustCompile(`"\$C2P(/[^?]*)\?\$WHO"(?: \| tee \S+|; \})?\n`)

// TestTheClickToPayPageShowsTheAnswerOfEachCall: of each of the nine calls there is a curl on the
// page, with what it answers below. That it answers so an end-to-end test finds out, which types
// them.
func TestTheClickToPayPageShowsTheAnswerOfEachCall(t *testing.T) {
	blocks := strings.Split(sectionOf(t, clickToPayPage, "Call it"), "\n```")
	shown := map[string]string{} // what is printed below each call, by its path without ids
	for i, block := range blocks {
		commands, isCommands := strings.CutPrefix(block, "sh\n")
		if !isCommands || i+2 >= len(blocks) {
			continue
		}
		for _, call := range shownCall.FindAllStringSubmatch(commands+"\n", -1) {
			shown[regexp.MustCompile(`/(\d+|\$\(.*\))`).ReplaceAllString(call[1], "/{}")] += blocks[i+2]
		}
	}
	for _, c := range []struct{ call, answer string }{
		{"/enroll/customer/{}", "requestTraceId"}, {"/enroll/card/{}", "requestTraceId"},
		{"/update/customer/{}", "requestTraceId"}, {"/update/card/{}", "requestTraceId"}, {"/update/customer/{}/status", "requestTraceId"},
		{"/delete/card/{}", "requestTraceId"}, {"/delete/customer/{}", "requestTraceId"},
		{"/customer/{}", "customerInformation"}, {"/status/{}", "status"},
	} {
		if !strings.Contains(shown[c.call], `{"`+c.answer+`":`) {
			t.Errorf("the page has no curl of %s with its answer", c.call)
		}
	}
}

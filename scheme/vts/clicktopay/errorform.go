package clicktopay

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// errorJSON is an error in each form that there is: with a reason and details (MLEP, of
// refusals at once), an element of errorDetails (MQ, of results), and with a code or a status
// (XPT, of what stands before the API).
type errorJSON struct {
	Status   word             `json:"status"`
	Reason   private          `json:"reason"` // a code, or a sentence
	Code     word             `json:"code"`
	Message  private          `json:"message"`
	Field    word             `json:"field"`
	Location word             `json:"location"`
	Details  list[detailJSON] `json:"details"`
}

// detailJSON is one place of an error.
type detailJSON struct {
	Reason   private `json:"reason"`
	Message  private `json:"message"`
	Field    word    `json:"field"`
	Location word    `json:"location"`
}

// errorMembers are the members of an answer, of a detail of a result, and of an item of
// getData that hold errors. That items have them in the same forms as answers is inferred.
var errorMembers = []string{"errorDetails", "errors", "error", "errorResponse", "responseStatus"}

// faultsOf returns what is wrong by what is said; nil is nothing. An error in a form that
// is not known is one as well.
func faultsOf(text []byte) (faults []scheme.Fault) {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return nil
	}
	if !isEmpty(members["reason"]) || !isEmpty(members["code"]) { // without them, details are a result's
		faults = append(faults, readErrors(text)...)
	}
	for _, name := range errorMembers {
		value := members[name]
		if isEmpty(value) || name == "responseStatus" && isSuccess(value) {
			continue
		}
		faults = append(faults, readErrors(value)...)
	}
	return faults
}

func isEmpty(value json.RawMessage) bool {
	return slices.Contains([]string{"", "null", `""`, "[]", "{}", "false"}, string(value))
}

func isSuccess(value json.RawMessage) bool {
	var e errorJSON
	return json.Unmarshal(value, &e) == nil && len(e.Status) == len("200") && e.Status[0] == '2'
}

// readErrors reads one error or a list.
func readErrors(text []byte) (faults []scheme.Fault) {
	var errs list[errorJSON]
	if json.Unmarshal(text, &errs) != nil {
		return []scheme.Fault{newFault("", "", nil)}
	}
	for _, e := range errs {
		faults = append(faults, e.faults()...)
	}
	return faults
}

// faults returns one for each place, or one of the whole.
func (e errorJSON) faults() (faults []scheme.Fault) {
	reason := e.Reason.Reveal()
	if len(reason) == 0 {
		reason = []byte(e.Code)
	}
	for _, d := range e.Details {
		its, text := reason, d.Message.Reveal()
		switch own := d.Reason.Reveal(); {
		case isCode(own):
			its = own
		case len(text) == 0:
			text = own
		}
		faults = append(faults, newFault(its, cmp.Or(d.Field, d.Location), text))
	}
	if len(faults) == 0 {
		faults = []scheme.Fault{newFault(reason, cmp.Or(e.Field, e.Location), e.Message.Reveal())}
	}
	return faults
}

// isCode reports whether a text is one of Visa's codes, as far as its form tells.
func isCode[T string | []byte](text T) bool {
	_, isKnown := meanings[string(text)]
	return isKnown || strings.HasPrefix(string(text), "VIDC-")
}

// newFault finds out what a reason means. One that is no word is a part of the text.
func newFault[T string | []byte](reason T, field word, text []byte) scheme.Fault {
	code, kind := scheme.ShownWord(string(reason)), scheme.FaultUnknown
	if known, ok := meanings[code]; ok {
		kind = known.kind
	}
	if code == "" && len(reason) > 0 {
		text = []byte(strings.TrimSuffix(string(reason)+": "+string(text), ": "))
	}
	return scheme.Fault{Kind: kind, Code: code, Field: scheme.ShownWord(string(field)), Message: messages[kind], Text: walletport.NewPrivate(text)}
}

package tokenapi

import (
	"encoding/json"
	"slices"
	"strings"
)

// errorJSON is one error. Its form is errorResponse of the API, responseStatus of what
// stands before it (XPT), or an element of a list, of which FIS-T says no more than that
// there is one.
type errorJSON struct {
	Status    text            `json:"status"`
	Reason    text            `json:"reason"`
	Code      text            `json:"code"`
	ErrorCode text            `json:"errorCode"`
	Details   json.RawMessage `json:"details"`
}

// location returns the place of the request that Visa found faulty first; "" where it
// names none.
func (e errorJSON) location() string {
	var details []struct {
		Location text `json:"location"`
	}
	if json.Unmarshal(e.Details, &details) != nil || len(details) == 0 {
		return ""
	}
	return string(details[0].Location)
}

// errorMembers are the members of an answer that say that something went wrong, unless
// they are empty.
var errorMembers = []string{"errorResponse", "responseStatus", "errors", "error", "errorCode"}

// errorsOf returns the errors of an answer; ok is false where it has none. An error in a
// form that is not known is one as well.
func errorsOf(body []byte) (errs []errorJSON, ok bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return nil, false
	}
	for _, name := range errorMembers {
		for member, value := range members {
			empty := slices.Contains([]string{"null", `""`, "[]", "false"}, string(value))
			if !strings.EqualFold(member, name) || empty {
				continue
			}
			read := readErrors(value)
			if len(read) == 1 && name == "responseStatus" && isSuccess(read[0].Status) {
				continue
			}
			errs, ok = append(errs, read...), true
		}
	}
	return errs, ok
}

// readErrors reads a list of errors, one error, or a code alone; nothing of another form.
func readErrors(value json.RawMessage) []errorJSON {
	var list []errorJSON
	if json.Unmarshal(value, &list) == nil {
		return list
	}
	var one errorJSON
	if json.Unmarshal(value, &one) == nil {
		return []errorJSON{one}
	}
	if json.Unmarshal(value, &one.Code) == nil {
		return []errorJSON{{Code: one.Code}}
	}
	return nil
}

func isSuccess(status text) bool { return len(status) == len("200") && status[0] == '2' }

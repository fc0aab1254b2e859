package clicktopay

import (
	"encoding/json"

	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

// resultJSON is the answer to requestStatus. It may have details while the work goes on,
// which mean nothing then (MQ's sample does).
type resultJSON struct {
	Status   word                  `json:"status"`
	Consumer consumerJSON          `json:"consumerInformation"`
	Details  list[json.RawMessage] `json:"details"`
}

// detailStatus is how it went for one product.
type detailStatus struct {
	productJSON
	Status word `json:"status"`
}

func readResult(in scheme.ResultInput, a scheme.Answer) (scheme.EnrolmentResult, error) {
	var none scheme.EnrolmentResult
	said, f := read[resultJSON](in.Access, a)
	defer wipe(said.Details)
	switch {
	case f != nil && isUnknownRequest(a, f):
		return none, scheme.ErrRequestNotFound().WithCause(f.Err)
	case f != nil:
		return none, f.Err
	case !said.Consumer.isOf(in.ID):
		return none, vts.Unread(a, "it is about another consumer").Err
	case said.Status == "IN_PROGRESS":
		return scheme.EnrolmentResult{State: scheme.EnrolmentRuns}, nil
	case said.Status != "COMPLETED":
		return none, vts.Unread(a, "its status is unknown").Err
	}
	return resultOf(said.Details), nil
}

// isUnknownRequest: the trace id is all that can be wrong with the question, so that
// VIDC-1001 is about it (VICA).
func isUnknownRequest(a scheme.Answer, f *vts.Failure) bool {
	faults := scheme.FaultsOf(f.Err)
	return a.Status == 404 && len(faults) > 0 || len(faults) > 0 && faults[0].Code == "VIDC-1001"
}

// resultOf reads how a request ended. COMPLETED is no success: each detail says its own, and
// where there is none, or where they disagree, nobody knows.
func resultOf(details []json.RawMessage) scheme.EnrolmentResult {
	succeeded, failed, others := 0, 0, 0
	var faults []scheme.Fault
	for _, text := range details {
		var d detailStatus
		isRead := json.Unmarshal(text, &d) == nil
		if isRead && d.isOther() {
			continue
		}
		its := faultsOf(text)
		faults = append(faults, its...)
		switch {
		case isRead && d.Status == "SUCCESS" && len(its) == 0:
			succeeded++
		case isRead && d.Status == "FAILED":
			failed++
		default:
			others++
		}
	}
	state := scheme.EnrolmentUnclear
	switch {
	case others > 0:
	case succeeded > 0 && failed == 0:
		state = scheme.EnrolmentSucceeded
	case failed > 0 && succeeded == 0:
		state = scheme.EnrolmentFailed
	}
	return scheme.EnrolmentResult{State: state, Faults: faults}
}

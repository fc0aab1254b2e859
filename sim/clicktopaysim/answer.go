package clicktopaysim

import (
	"net/http"
	"strconv"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
)

// object is an answer or a part of it.
type object map[string]any

// refusal is why the API does not do what it is asked. Nothing in it repeats input.
type refusal struct {
	status  int
	reason  string // VIDC-…, or a code of what stands before the API
	message string
	details []register.Problem
	isEarly bool // refused before the API, in the form of what stands there
}

// denied refuses a caller.
func denied(code string) *refusal {
	return &refusal{status: http.StatusUnauthorized, reason: code, message: "Token Validation Failed", isEarly: true}
}

// unreadable is the one answer to every fault of encryption, so that it tells nobody which.
func unreadable() *refusal {
	return &refusal{status: http.StatusBadRequest, message: "Bad Request", isEarly: true}
}

const (
	reasonMissing     = "VIDC-1000"
	reasonValue       = "VIDC-1001"
	reasonLength      = "VIDC-1002"
	reasonArrayLength = "VIDC-1003"
	reasonEntitlement = "VIDC-2002"
	reasonExpired     = "VIDC-2003"
	reasonNotVisa     = "VIDC-2006"
	reasonUnsupported = "VIDC-2007"
	reasonFixed       = "VIDC-2008"
	reasonBusy        = "VIDC-3000"
	reasonInternal    = "VIDC-5000"
)

var unsupported = &refusal{status: http.StatusUnprocessableEntity, message: "The operation is not supported for the product"}

// refused is a refusal for one problem or several: the first names it.
func refused(problems ...register.Problem) *refusal {
	return &refusal{status: http.StatusBadRequest, reason: problems[0].Reason, message: problems[0].Message, details: problems}
}

// refusalOf turns an error of the register into the API's words.
func refusalOf(in *request, err error) *refusal {
	if walletport.ReasonOf(err) == register.ReasonBusy {
		in.Fail(checkLock, consumerBusy, "another request of this consumer runs")
		return &refusal{status: http.StatusConflict, reason: reasonBusy, message: "Another request for this consumer is in progress"}
	}
	return &refusal{status: http.StatusInternalServerError, reason: reasonInternal, message: "Service error"}
}

// refuse answers a refusal.
func (s *Service) refuse(w http.ResponseWriter, in *request, f refusal) {
	if f.isEarly {
		writeStatus(w, f.status, f.reason, f.message)
		return
	}
	answer := object{"message": f.message}
	if f.reason != "" {
		answer["reason"] = f.reason
	}
	if len(f.details) > 0 {
		details := []object{}
		for _, d := range f.details {
			details = append(details, object{"reason": d.Reason, "location": d.Field})
		}
		answer["details"] = details
	}
	if s.c.ClearRefusals {
		sim.WriteJSON(w, f.status, answer)
		return
	}
	s.send(w, in, f.status, answer)
}

// writeStatus answers in the form of what stands before the API.
func writeStatus(w http.ResponseWriter, status int, code, message string) {
	sim.WriteJSON(w, status, object{"responseStatus": object{"status": status, "code": code, "severity": "ERROR", "message": message, "info": ""}})
}

// refuseAtGateway answers before the API is asked. The forms are inferred.
func refuseAtGateway(w http.ResponseWriter, status int) {
	message := "The service is not available"
	if status == http.StatusTooManyRequests {
		message = "Too many requests"
	}
	writeStatus(w, status, strconv.Itoa(status), message)
}

package tokenapi

import (
	"net/http"
	"strconv"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

// refusal is why the API does not do what it is asked. Message and location never repeat
// input.
type refusal struct {
	status   int
	reason   string // a VSE code, or one of few words
	message  string
	location string
}

func invalid(location string) *refusal {
	return &refusal{http.StatusBadRequest, "VSE40000", "Invalid data", location}
}

func missing(location string) *refusal {
	return &refusal{http.StatusBadRequest, "VSE40001", "Required data missing", location}
}

// unreadable is the one answer to every fault of encryption, so that it tells nobody which.
func unreadable() *refusal {
	return &refusal{http.StatusBadRequest, "VSE40010", "Cryptography error", "encryptedData"}
}

// notFound has the status 404 of processors' documents, which list it without saying of
// what (inferred).
func notFound(location string) *refusal {
	return &refusal{http.StatusNotFound, "VSE40003", "Token not found", location}
}

func internal() *refusal {
	return &refusal{http.StatusInternalServerError, "VSE40009", "Internal error", ""}
}

// refusalOf turns what the vault says into the API's words.
func refusalOf(err error) *refusal {
	const location = "operationType"
	switch walletport.ReasonOf(err) {
	case "token_unknown":
		return notFound("tokenReferenceID")
	case tokenvault.ReasonAlready:
		return &refusal{http.StatusBadRequest, "VSE40002", "The token is in that state already", location}
	case tokenvault.ReasonStatus:
		return &refusal{http.StatusBadRequest, "VSE40007", "Wrong token status for the operation", location}
	case tokenvault.ReasonNotActive:
		return &refusal{http.StatusBadRequest, "VSE40011", "The token is not active", location}
	}
	return internal()
}

// detail is one place that a refusal is about.
type detail struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

func write(w http.ResponseWriter, f refusal) {
	body := object{"status": f.status, "message": f.message, "reason": f.reason}
	if f.status == http.StatusBadRequest {
		body["message"] = "Input parameters validation failed"
	}
	if f.location != "" {
		body["details"] = []detail{{f.location, f.message}}
	}
	sim.WriteJSON(w, f.status, object{"errorResponse": body})
}

// deny answers a request that is not let in, in the form of what stands before the API.
func deny(w http.ResponseWriter, code denial) {
	writeStatus(w, http.StatusUnauthorized, string(code), "Token Validation Failed")
}

func writeStatus(w http.ResponseWriter, status int, code, message string) {
	sim.WriteJSON(w, status, object{"responseStatus": object{"status": status, "code": code, "severity": "ERROR", "message": message, "info": ""}})
}

// refuseAtGateway answers before the API is asked. The form of a 429 is inferred.
func refuseAtGateway(w http.ResponseWriter, status int) {
	if status == http.StatusTooManyRequests {
		writeStatus(w, status, strconv.Itoa(status), "Too many requests")
		return
	}
	write(w, refusal{status, "serviceError", "The service is not available", ""})
}

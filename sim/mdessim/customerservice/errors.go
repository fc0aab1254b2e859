package customerservice

import (
	"net/http"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// fault is one member of {"Errors":{"Error":[…]}}. A Description never repeats input.
type fault struct {
	Source      string
	ReasonCode  string
	Description string
	Recoverable bool
}

// refusal is why the application does not do what it is asked.
type refusal struct {
	fault
	status int // 0 is that of the application's errors
}

func (r refusal) statusOf(application int) int {
	if r.status == 0 {
		return application
	}
	return r.status
}

func refuse(reasonCode, description string) *refusal {
	return &refusal{fault: fault{Source: "INPUT", ReasonCode: reasonCode, Description: description}}
}

func missing(field string) *refusal {
	return refuse("MISSING_REQUIRED_FIELD", "Missing required field: "+field)
}

func wrongLength(field string) *refusal {
	return refuse("INVALID_FIELD_LENGTH", "Invalid length of the field: "+field)
}

func wrongValue(field string) *refusal {
	return refuse("INVALID_FIELD_VALUE", "Invalid value of the field: "+field)
}

func emptyResult() *refusal {
	return refuse("EMPTY_RESULT", "Empty result for the given request.")
}

// foundNothing is how a search says so: the same error, with HTTP 200.
func foundNothing() *refusal {
	r := emptyResult()
	r.status = http.StatusOK
	return r
}

// refusalOf turns what the vault says into the API's words.
func refusalOf(err error) *refusal {
	switch walletport.ReasonOf(err) {
	case "token_unknown":
		return emptyResult()
	case tokenvault.ReasonStatus:
		return refuse("INVALID_TOKEN_STATUS", "The token is not in a state that allows the request.")
	case tokenvault.ReasonWorkflow:
		return refuse("INVALID_WORKFLOW", "The token has not come so far.")
	}
	return &refusal{fault: fault{Source: "MDES", ReasonCode: "INTERNAL_SERVICE_FAILURE", Description: "MDES had an internal exception.", Recoverable: true}, status: http.StatusInternalServerError}
}

func gatewayError(reasonCode, description string) fault {
	return fault{Source: "Gateway", ReasonCode: reasonCode, Description: description}
}

// refuseAtGateway answers before the application is asked.
func refuseAtGateway(w http.ResponseWriter, status int) {
	f := gatewayError("SYSTEM_ERROR", "System error.")
	f.Recoverable = true
	if status == http.StatusTooManyRequests {
		f.ReasonCode, f.Description = "RATE_LIMIT_EXCEEDED", "Too many requests."
	}
	writeErrors(w, status, f)
}

func writeErrors(w http.ResponseWriter, status int, f fault) {
	sim.WriteJSON(w, status, map[string]any{"Errors": map[string]any{"Error": []fault{f}}})
}

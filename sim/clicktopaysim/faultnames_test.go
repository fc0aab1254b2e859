package clicktopaysim_test

import (
	"testing"

	"github.com/walletport/walletport/sim/simtest"
)

// Every fault that a report can name is shown by a case.
func TestEveryFaultIsShown(t *testing.T) {
	shown := map[string]bool{ // by tests that have no table
		"pay_token_used": true, "pay_token_path_without_context": true, "product_by_intent": true, "product_by_products": true, "product_other": true,
		"consumer_busy": true, "address_character": true, "trace_unknown": true, "bid_not_switched_on": true,
	}
	for _, c := range callerCases {
		shown[c.fault] = true
	}
	for _, c := range certificateCases {
		shown[c.fault] = true
	}
	for _, c := range envelopeCases {
		shown[c.fault] = true
	}
	for _, c := range toleratedCases {
		shown[c.fault] = true
	}
	for _, c := range memberCases {
		shown[c.fault] = true
	}
	for _, c := range ruleCases {
		shown[c.fault] = true
	}
	simtest.CheckFaults(t, shown, 70, "faults_caller.go", "faults_message.go", "faults_members.go")
}

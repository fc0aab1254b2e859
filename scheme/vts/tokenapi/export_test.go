package tokenapi

import (
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// PayToken is payToken.
func PayToken(secret scheme.MAC, now time.Time, resourcePath, query string, body []byte) string {
	return payToken(secret, now, resourcePath, query, body)
}

// OperatorID is operatorID.
func OperatorID(by walletport.AuditUser) string { return operatorID(by) }

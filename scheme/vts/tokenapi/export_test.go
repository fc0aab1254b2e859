package tokenapi

import "github.com/walletport/walletport"

// OperatorID is operatorID.
func OperatorID(by walletport.AuditUser) string { return operatorID(by) }

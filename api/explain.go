package api

import (
	"errors"
	"net/http"

	"github.com/ogen-go/ogen/ogenerrors"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/door"
)

// explain turns what the generated server says into an error that is safe to show. What
// its decoder says repeats the caller's input: only a parameter's name is taken from it.
// Errors of our own stay as they are.
func explain(r *http.Request, err error) error {
	if _, ok := errors.AsType[*walletport.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*ogenerrors.SecurityError](err); ok {
		return errCredentialsMissing(r.Header["Authorization"]) // the door has let nobody in
	}
	if p, ok := errors.AsType[*ogenerrors.DecodeParamError](err); ok {
		return explainParameter(r, p.Name)
	}
	if _, ok := errors.AsType[*ogenerrors.DecodeRequestError](err); ok {
		// The door leaves the decoder nothing to find; if it does, its words stay here.
		return door.ErrBodyMalformed()
	}
	return err
}

func explainParameter(r *http.Request, name string) error {
	switch name {
	case "cardId":
		_, err := auditUser(r)
		return errCardIDMalformed(err)
	case "customerId":
		return walletport.ErrCustomerNotFound()
	case "traceId":
		return clicktopay.ErrRequestNotFound()
	case "tokenId":
		return walletport.ErrTokenNotFound()
	case "action":
		_, err := walletport.ParseTokenAction("")
		return err
	case reasonHeader:
		return walletport.ErrField("token_reason_unknown", reasonHeader, "must be one of lost, stolen, fraud, closed, other")
	case "walletProvider":
		return walletport.ErrWalletProviderNotFound()
	case "auditUser":
		if _, err := auditUser(r); err != nil {
			if e, ok := errors.AsType[*walletport.Error](err); ok {
				return e
			}
		}
	}
	return walletport.Errorf(walletport.CodeInvalid, "parameter_malformed", "a parameter is malformed")
}

package libcrypto

import (
	"errors"
	"fmt"
)

// Why Open fails, besides errNotBuilt.
var (
	errAbsent     = errors.New("it is not there, or not for this processor")
	errTooOld     = errors.New("it is older than OpenSSL 3.0")
	errIncomplete = errors.New("it lacks a function")
	errUnready    = errors.New("it does not get ready")
	errUnable     = errors.New("it loads, and cannot work with RSA keys; its configuration (openssl.cnf) may name no provider that does")
)

// openError says why there is no engine. It unwraps to its Reason.
type openError struct {
	Library string // what was looked for, "libcrypto.so.3"
	Reason  error
	Detail  string // the version found, the function that is missing, the loader's words; may be empty
}

func (e *openError) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("%s: %v", e.Library, e.Reason)
	}
	return fmt.Sprintf("%s: %v: %s", e.Library, e.Reason, e.Detail)
}

func (e *openError) Unwrap() error { return e.Reason }

// errFault is of something that came out wrong: a signature that does not verify, or that has
// another length than it must have. Nobody gets to see it: a fault of the processor or of memory
// may have made it.
var errFault = errors.New("libcrypto: what was made is not right, and is not given out")

// operationError is a refusal of OpenSSL. It holds nothing of keys and messages.
type operationError struct {
	Operation string // "sign", "load a private key"
	Code      uint64 // of ERR_get_error; 0 if OpenSSL left none
	Reason    string // OpenSSL's word for it; may be empty
}

func (e *operationError) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("libcrypto: %s: it failed without a reason", e.Operation)
	}
	return fmt.Sprintf("libcrypto: %s: error %08X (%s)", e.Operation, e.Code, e.Reason)
}

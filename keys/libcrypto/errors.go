package libcrypto

import (
	"errors"
	"fmt"
)

// Why Open fails.
var (
	ErrNotBuilt   = errors.New("this program was built without it")
	ErrAbsent     = errors.New("it is not there, or not for this processor")
	ErrTooOld     = errors.New("it is older than OpenSSL 3.0")
	ErrIncomplete = errors.New("it lacks a function")
	ErrUnready    = errors.New("it does not get ready")
)

// OpenError says why there is no engine. It unwraps to one of the reasons above.
type OpenError struct {
	Library string // what was looked for, "libcrypto.so.3"
	Reason  error
	Detail  string // the version found, the function that is missing, the loader's words; may be empty
}

func (e *OpenError) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("%s: %v", e.Library, e.Reason)
	}
	return fmt.Sprintf("%s: %v: %s", e.Library, e.Reason, e.Detail)
}

func (e *OpenError) Unwrap() error { return e.Reason }

// ErrFault is a signature that does not verify. Nobody gets to see it: a fault of the
// processor or of memory may have made it.
var ErrFault = errors.New("libcrypto: the signature that was made does not verify, and is not given out")

// OperationError is a refusal of OpenSSL. It holds nothing of keys and messages.
type OperationError struct {
	Operation string // "sign", "load"
	Code      uint64 // of ERR_get_error; 0 if OpenSSL left none
	Reason    string // OpenSSL's word for it; may be empty
}

func (e *OperationError) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("libcrypto: %s: it failed without a reason", e.Operation)
	}
	return fmt.Sprintf("libcrypto: %s: error %08X (%s)", e.Operation, e.Code, e.Reason)
}

package tokenapi

import (
	"net/http"

	"github.com/walletport/walletport/sim"
)

// member is one of a JSON object that is text.
type member struct {
	name string
	into *string
}

// readBody reads the members that it is given of one JSON object. Their names are
// case-sensitive, others are passed over, and an absent one stays "".
func readBody(body []byte, members ...member) *refusal {
	o, fault := sim.ReadObject(body)
	if fault != nil {
		return &refusal{http.StatusBadRequest, "invalidRequest", "The request is one JSON object", "body"}
	}
	return readMembers(o, members...)
}

func readMembers(o sim.Object, members ...member) *refusal {
	for _, m := range members {
		text, ok := o.Text(m.name)
		if o.Has(m.name) && !ok {
			return invalid(m.name)
		}
		*m.into = text
	}
	return nil
}

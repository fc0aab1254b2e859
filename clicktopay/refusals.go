package clicktopay

import (
	"errors"
	"slices"

	"github.com/walletport/walletport"
)

// refusals are what a request is refused for, each with the fields that it is about.
type refusals []*walletport.Error

func (r *refusals) add(refusal *walletport.Error, field, rule string) {
	named := *refusal
	if len(named.Fields) == 0 {
		named.Fields = []walletport.Field{{Name: field, Reason: rule}}
	}
	*r = append(*r, &named)
}

// refusalReasons are those of errors that say what is wrong with a request. Others, such as that a
// database is away, say nothing of it, and end the checks.
var refusalReasons = []string{
	"customer_bid_missing", "customer_bid_malformed", "customer_bid_unknown", "customer_not_found", "card_not_found", "card_id_contains_pan",
	"card_not_eligible", "enrolment_data_invalid",
}

// keep keeps the error of a check, if it is a refusal: about the field, unless it names its own.
// Any other error is returned.
func (r *refusals) keep(err error, field, rule string) error {
	refusal, ok := errors.AsType[*walletport.Error](err)
	if !ok || !slices.Contains(refusalReasons, refusal.Reason) {
		return err
	}
	r.add(refusal, field, rule)
	return nil
}

// err is the first refusal, with the fields of all, each once; nil if there is none.
func (r refusals) err() error {
	if len(r) == 0 {
		return nil
	}
	first := *r[0]
	first.Fields = nil
	for _, refusal := range r {
		for _, field := range refusal.Fields {
			if !slices.ContainsFunc(first.Fields, func(f walletport.Field) bool { return f.Name == field.Name }) {
				first.Fields = append(first.Fields, field)
			}
		}
	}
	return &first
}

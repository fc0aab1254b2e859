package storage

import (
	"encoding/json"
	"math"

	"github.com/walletport/walletport"
)

// cardColumn is a ConsumerCard in the JSON array that a column of every engine holds.
type cardColumn struct {
	ID      walletport.CardID `json:"id"`
	State   ConsumerCardState `json:"state"`
	Reason  string            `json:"reason,omitempty"`
	SinceMs int64             `json:"sinceMs"`
}

// EncodeConsumerCards writes cards as a JSON array. No cards are [].
func EncodeConsumerCards(cards []ConsumerCard) (string, error) {
	columns := make([]cardColumn, len(cards))
	for i, c := range cards {
		columns[i] = cardColumn{ID: c.ID, State: c.State, Reason: c.Reason, SinceMs: ColumnTime(c.Since)}
	}
	text, err := json.Marshal(columns)
	return string(text), err
}

// DecodeConsumerCards reads what EncodeConsumerCards wrote; [] becomes nil.
func DecodeConsumerCards(text string) ([]ConsumerCard, error) {
	var columns []cardColumn
	if err := json.Unmarshal([]byte(text), &columns); err != nil || len(columns) == 0 {
		return nil, err
	}
	cards := make([]ConsumerCard, len(columns))
	for i, c := range columns {
		cards[i] = ConsumerCard{ID: c.ID, State: c.State, Reason: c.Reason, Since: ColumnTimeFrom(c.SinceMs)}
	}
	return cards, nil
}

// faultColumn is a RequestFault in the JSON array that a column of every engine holds.
type faultColumn struct {
	Field   string `json:"field,omitempty"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// EncodeFaults writes faults as a JSON array. No faults are [].
func EncodeFaults(faults []RequestFault) (string, error) {
	columns := make([]faultColumn, len(faults))
	for i, f := range faults {
		columns[i] = faultColumn(f)
	}
	text, err := json.Marshal(columns)
	return string(text), err
}

// DecodeFaults reads what EncodeFaults wrote; [] becomes nil.
func DecodeFaults(text string) ([]RequestFault, error) {
	var columns []faultColumn
	if err := json.Unmarshal([]byte(text), &columns); err != nil || len(columns) == 0 {
		return nil, err
	}
	faults := make([]RequestFault, len(columns))
	for i, f := range columns {
		faults[i] = RequestFault(f)
	}
	return faults, nil
}

// RequestResultOf is what two columns say of a result.
func RequestResultOf(state RequestState, failed int64) RequestResult {
	switch {
	case state != RequestCompleted:
		return ""
	case failed != 0:
		return RequestFailed
	}
	return RequestSucceeded
}

// RequestIndex says which requests an engine looks through for a filter: the fewest.
type RequestIndex int

// The indexes.
const (
	NoRequests RequestIndex = iota // the filter takes none
	RequestsOfCustomer
	RequestsThatAreOpen
	RequestsThatFailed
	RequestsOfIssuer
	AllRequests
)

// RequestList is a RequestFilter as the statements of every engine have it.
type RequestList struct {
	By       RequestIndex
	Issuer   string       // "" is every one
	State    RequestState // "" is every one
	Failed   int64        // 0 did not fail, 1 failed, -1 is either
	EndedMax int64        // in milliseconds; 0 is of open ones alone
	Before   int64        // the numbers are below
}

// RequestListOf returns the list of the requests that f takes.
func RequestListOf(f RequestFilter, before RequestNo) RequestList {
	l := RequestList{Issuer: string(f.Issuer), State: f.State, Failed: -1, EndedMax: math.MaxInt64, Before: math.MaxInt64}
	if before > 0 {
		l.Before = int64(before)
	}
	if f.IsOpen {
		l.EndedMax = 0
	}
	if f.Result != "" {
		l.Failed = 0
		if f.Result == RequestFailed {
			l.Failed = 1
		}
		l.State = RequestCompleted
	}
	l.By = indexOf(f)
	return l
}

func indexOf(f RequestFilter) RequestIndex {
	ended := f.Result != "" || f.State == RequestCompleted
	open := f.IsOpen || f.State != "" && f.State != RequestCompleted
	switch {
	case ended && open || !CanKeep(string(f.Issuer), string(f.State)):
		return NoRequests
	case f.Customer != 0:
		return RequestsOfCustomer
	case open:
		return RequestsThatAreOpen
	case f.Result == RequestFailed:
		return RequestsThatFailed
	case f.Issuer != "":
		return RequestsOfIssuer
	}
	return AllRequests
}

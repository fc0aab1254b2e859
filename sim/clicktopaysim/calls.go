package clicktopaysim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
)

// begin reads what every request with a body says: product and consumer.
func (s *Service) begin(in *request) (r *reading, consumer texts, name register.Name, isOurs bool) {
	r = &reading{in: in}
	body := texts{r, in.contents, ""}
	isOurs = s.product(body)
	consumer, ok := body.within(memberConsumer, true)
	if ok {
		name = consumer.name()
	}
	return r, consumer, name, isOurs
}

// admit closes the reading, and asks whether the issuer may do it for this BID and product.
func (s *Service) admit(r *reading, name register.Name, isOurs bool) *refusal {
	if f := r.done(); f != nil {
		return f
	}
	if !isOurs {
		r.in.Fail(checkBID, productOther, "the product is another one")
		return unsupported
	}
	if !r.in.owns(name.OwnerBID) {
		r.in.Fail(checkBID, bidOther, "the BID is not of the issuer who calls")
		return refused(register.Problem{Field: memberConsumer + ".externalConsumerIDOwnerBID", Reason: reasonEntitlement, Message: "Entitlement check failed"})
	}
	if slices.Contains(s.c.UnsupportedBIDs, name.OwnerBID) {
		r.in.Fail(checkBID, bidUnsupported, "the product is not switched on for the BID")
		return unsupported
	}
	r.in.Pass(checkBID, "the issuer's own")
	return nil
}

func (in *request) owns(bid string) bool {
	return slices.ContainsFunc(in.clients, func(c Client) bool { return slices.Contains(c.BIDs, bid) })
}

// write accepts a change.
func (s *Service) write(in *request) (int, any, *refusal) {
	r, consumer, name, isOurs := s.begin(in)
	var change register.Change
	call := register.Call(in.call.name)
	switch call {
	case register.Enrol, register.AddCards, register.ReplaceCards, register.DeleteCards:
		var err error
		if change, err = s.cards(texts{r, in.contents, ""}, call != register.DeleteCards); err != nil {
			return 0, nil, refusalOf(in, err)
		}
	case register.Replace, register.DeleteConsumer:
	}
	if hasPerson := call == register.Enrol || call == register.Replace; hasPerson && consumer.object != nil {
		change.Person = s.person(consumer)
	}
	if f := s.admit(r, name, isOurs); f != nil {
		return 0, nil, f
	}
	change.CorrelationID = uuidOf(in.http.Header.Get("X-Correlation-Id"))
	traceID, broken, err := s.c.Register.Accept(name, call, change)
	if err != nil {
		return 0, nil, refusalOf(in, err)
	}
	in.Pass(checkLock, "no other request of the consumer runs")
	if len(broken) > 0 {
		in.breaks(broken[0])
		return 0, nil, refused(broken...)
	}
	in.Pass(checkRules, "every rule holds that is told at once")
	return http.StatusAccepted, object{"requestTraceId": traceID}, nil
}

// uuidOf returns a text that has the form of a UUID, and nothing of every other one: who asks
// for the truth learns no personal data.
func uuidOf(text string) string {
	if len(text) != 36 {
		return ""
	}
	for i, c := range text {
		isHyphen := i == 8 || i == 13 || i == 18 || i == 23
		if isHyphen != (c == '-') || !isHyphen && !strings.ContainsRune("0123456789abcdef", c) {
			return ""
		}
	}
	return text
}

func (in *request) breaks(problem register.Problem) {
	in.Fail(checkRules, ruleKinds[problem.Reason], "%s: %s", problem.Field, problem.Message)
}

// getData reads a consumer.
func (s *Service) getData(in *request) (int, any, *refusal) {
	r, _, name, isOurs := s.begin(in)
	if f := s.admit(r, name, isOurs); f != nil {
		return 0, nil, f
	}
	c, err := s.c.Register.Read(name)
	if err != nil {
		return 0, nil, refusalOf(in, err)
	}
	in.Pass(checkLock, "no other request of the consumer runs")
	if c.Person == nil {
		problem := register.Problem{Field: memberConsumer + ".externalConsumerID", Reason: register.ReasonNotEnrolled, Message: "Consumer not enrolled"}
		in.breaks(problem)
		return 0, nil, refused(problem)
	}
	in.Pass(checkRules, "the consumer is enrolled")
	cards := c.Enrolled()
	if s.c.ShowsDeleted {
		cards = c.Cards
	}
	person := *c.Person
	person.Status = s.statusWord(person.Status)
	item := s.withProduct(object{
		memberConsumer: struct {
			register.Name
			register.Person
		}{c.Name, person},
		memberCards: append([]register.Card{}, cards...),
	})
	return http.StatusOK, object{"data": []object{item}}, nil
}

// withProduct adds the product to a part of an answer, in the configured form.
func (s *Service) withProduct(o object) object {
	if s.c.WantsIntent {
		o["intent"] = object{"type": "PRODUCT_CODE", "value": productName}
	} else {
		o["products"] = []object{{s.c.ProductMember: productName}}
	}
	return o
}

// status tells how a request ended.
func (s *Service) status(in *request) (int, any, *refusal) {
	o, err := s.c.Register.Outcome(in.last)
	if err != nil && walletport.CodeOf(err) != walletport.CodeNotFound {
		return 0, nil, refusalOf(in, err)
	}
	if err != nil || !in.owns(o.Name.OwnerBID) {
		in.Fail(checkTrace, traceUnknown, "the issuer has no such request")
		return 0, nil, refused(register.Problem{Field: "requestTraceId", Reason: reasonValue, Message: messages[reasonValue]})
	}
	in.Pass(checkTrace, "a request of the issuer's")
	answer := object{"status": "IN_PROGRESS", memberConsumer: o.Name}
	if o.HasEnd {
		answer["status"] = "COMPLETED"
	} else if !s.c.HidesEarlyDetails {
		o.Details = []register.Detail{{IsDone: true}}
	}
	if o.Details == nil {
		return http.StatusOK, answer, nil
	}
	details := []object{}
	for _, d := range o.Details {
		detail := s.withProduct(object{"status": "SUCCESS"})
		if !d.IsDone {
			detail["status"], detail["errorDetails"] = "FAILED", append([]register.Problem{}, d.Problems...)
		}
		details = append(details, detail)
	}
	answer["details"] = details
	return http.StatusOK, answer, nil
}

// reportOf closes the inspection of a request.
func (s *Service) reportOf(in *request, status int, f *refusal) Report {
	r := Report{Call: in.call.name, At: s.c.Now().UTC(), CorrelationID: sim.Shown(in.http.Header.Get("X-Correlation-Id")), Status: status, Verdict: in.Verdict()}
	if f != nil {
		r.Reason = f.reason
	}
	return r
}

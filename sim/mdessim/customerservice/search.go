package customerservice

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// found is what a search goes by: the tokens that are meant, and whether its answer comes
// in pages.
type found struct {
	tokens  []tokenvault.Token
	isPaged bool
}

// search finds tokens by exactly one criterion. Nothing at all is EMPTY_RESULT, and what
// the filters leave nothing of is an empty list (release note of October 2025).
func (s *Service) search(in *request) (any, *refusal) {
	hit, refused := s.find(in)
	if refused != nil {
		return nil, refused
	}
	offset, limit, refused := in.page()
	if refused != nil {
		return nil, refused
	}
	if len(hit.tokens) == 0 {
		return nil, foundNothing()
	}
	tokens := slices.DeleteFunc(hit.tokens, in.leavesOut)
	if !hit.isPaged {
		return object{"Accounts": object{"Account": s.accounts(tokens, in.CompactResponse)}}, nil
	}
	page := tokens[min(offset, len(tokens)):min(offset+limit, len(tokens))]
	return object{
		"Accounts": object{"Account": s.accounts(page, in.CompactResponse)},
		"PageInfo": object{
			"Offset": strconv.Itoa(offset), "Limit": strconv.Itoa(limit),
			"Total": strconv.Itoa(len(tokens)), "Count": strconv.Itoa(len(page)),
		},
	}, nil
}

func (s *Service) find(in *request) (found, *refusal) {
	if in.EncryptedAccountInformation != nil {
		if in.TokenUniqueReference+in.PaymentAppInstanceID+in.CommentID != "" {
			return found{}, oneCriterion()
		}
		return s.findByAccount(in)
	}
	given := slices.DeleteFunc([]string{in.TokenUniqueReference, in.PaymentAppInstanceID, in.CommentID}, func(c string) bool { return c == "" })
	if len(given) != 1 {
		return found{}, oneCriterion()
	}
	switch {
	case in.CommentID != "":
		return one(s.c.Vault.Commented(in.CommentID)), nil
	case in.PaymentAppInstanceID != "":
		if n := len(in.PaymentAppInstanceID); n < 48 || n > 64 {
			return found{}, wrongLength("PaymentAppInstanceId")
		}
		return found{isPaged: true}, nil // no simulated wallet has one
	}
	if refused := checkReference(in.TokenUniqueReference); refused != nil {
		return found{}, refused
	}
	return one(s.c.Vault.Token(in.TokenUniqueReference)), nil
}

func oneCriterion() *refusal {
	return refuse("INVALID_REQUEST", "A search has exactly one criterion.")
}

func one(t tokenvault.Token, ok bool) found {
	if !ok {
		return found{}
	}
	return found{tokens: []tokenvault.Token{t}}
}

// findByAccount finds the tokens of a card by its present number, or one by its own.
func (s *Service) findByAccount(in *request) (found, *refusal) {
	opened, refused := s.open(in.ctx, *in.EncryptedAccountInformation)
	if refused != nil {
		return found{}, refused
	}
	a := opened.CurrentAccount
	given := slices.DeleteFunc([]string{a.AccountPan, a.Token, a.AlternateAccountIdentifier, a.FinancialAccountID, a.VirtualCardNumber}, func(c string) bool { return c == "" })
	if len(given) != 1 {
		return found{}, oneCriterion()
	}
	switch {
	case a.AccountPan != "":
		return s.findByPAN(a.AccountPan)
	case a.Token != "":
		hit := found{tokens: s.c.Vault.Tokens(func(t tokenvault.Token) bool { return s.c.Vault.Number(t).Clear() == a.Token })}
		return hit, nil
	case a.VirtualCardNumber == "" && (in.InterbankCardAssociationID == "" || in.CountryCode == ""):
		return found{}, refuse("MISSING_CONDITIONAL_FIELD", "An account id needs InterbankCardAssociationId and CountryCode.") // the code is inferred
	}
	return found{isPaged: true}, nil // no simulated card has any of these
}

func (s *Service) findByPAN(digits string) (found, *refusal) {
	if n := utf8.RuneCountInString(digits); n < 9 || n > 19 {
		return found{}, wrongLength("AccountPan")
	}
	if !sim.IsDigits(digits) {
		return found{}, wrongValue("AccountPan")
	}
	card := s.c.Vault.PANReference(sim.NewCardNumber(digits))
	tokens := s.c.Vault.Tokens(func(t tokenvault.Token) bool { return t.PANUniqueReference == card })
	return found{tokens, true}, nil
}

// maxPage is the most tokens of a page, and what a page has without a limit (inferred).
const maxPage = 20

// page reads PageInfo. Searches that have no pages pass over it (inferred).
func (in *request) page() (offset, limit int, _ *refusal) {
	if in.PageInfo == nil {
		return 0, maxPage, nil
	}
	limit = maxPage
	if text := in.PageInfo.Limit; text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxPage {
			return 0, 0, wrongValue("PageInfo.Limit")
		}
	}
	if text := in.PageInfo.Offset; text != "" {
		var err error
		if offset, err = strconv.Atoi(text); err != nil || offset < 0 || offset%limit != 0 {
			return 0, 0, wrongValue("PageInfo.Offset")
		}
	}
	return offset, limit, nil
}

// leavesOut reports whether the filters of a search leave a token out.
func (in *request) leavesOut(t tokenvault.Token) bool {
	switch {
	case in.ExcludeDeletedIndicator == "true" && t.Status == tokenvault.StatusDeactivated,
		in.IncludeDeviceTokensOnly == "true" && t.Type() == tokenvault.CardOnFile,
		in.ExcludeTokensDeletedFromConsumerApp == "true" && t.IsDeletedFromApp(),
		len(in.TokenStatusCodes) > 0 && !slices.Contains(in.TokenStatusCodes, statusCodes[t.Status].code),
		len(in.TokenTypes) > 0 && !slices.Contains(in.TokenTypes, t.Type()),
		in.TokenRequestorID != "" && t.TokenRequestorID != in.TokenRequestorID:
		return true
	}
	return false
}

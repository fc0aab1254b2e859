package tokens_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

// TestTextsOfPeopleKeepNoCardNumber: what a cardholder calls a device is stored, but for
// numbers of cards in it.
func TestTextsOfPeopleKeepNoCardNumber(t *testing.T) {
	spaces := strings.Repeat(" ", storage.MaxOutsideText-len(otherNumber))
	redacted := walletport.RedactedNumber
	cases := []struct{ name, text, want string }{
		{"a name", "Ada's phone", "Ada's phone"},
		{"another card's number", "phone " + otherNumber, redacted},
		{"with dashes", "5555-5555-5555-4444", redacted},
		{"the token's own", "a" + tokenNumber1 + "b", redacted},
		{"one that the cut would end", spaces + otherNumber + "x", redacted},
		{"one that the cut would take the end of", spaces + "  " + otherNumber, redacted},
		{"characters that the cut would halve", strings.Repeat("é", 300), strings.Repeat("é", 256)},
		{"characters of three bytes", strings.Repeat("€", 300), strings.Repeat("€", 170)},
		{"bytes that are no text", "a\xffb\x00c", "abc"},
	}
	for _, hidden := range acttest.HiddenNumbers(cardNumber) {
		cases = append(cases, struct{ name, text, want string }{"the card's own, " + hidden, hidden, redacted})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := openBank(t)
			b.has(token("ref-a", func(said *scheme.Token) {
				said.Ref.Requestor, said.Requestor = "4711", c.text // a wallet that is not known
				said.Device = scheme.Device{Name: c.text, Type: c.text}
				said.Number = parse(t, tokenNumber1)
			}))
			b.mustList(t)
			list, err := b.DB.TokensOfCard(t.Context(), bankCard)
			must(t, err)
			row := list.Tokens[0]
			for _, got := range []string{row.DeviceName, row.DeviceType, row.Wallet} {
				if got != c.want || !utf8.ValidString(got) {
					t.Errorf("%q is stored, want %q", got, c.want)
				}
			}
		})
	}
	t.Run("a reference with a number is none", func(t *testing.T) {
		b := openBank(t)
		b.has(token("ref-a", func(said *scheme.Token) { said.PANReference = "V" + cardNumber }))
		b.mustList(t)
		if row := b.row(t, "ref-a"); row.PANReference != "" {
			t.Errorf("PAN reference %s", row.PANReference)
		}
	})
}

// TestATokenThatCannotBeStored makes the whole answer one that cannot be read: a list
// without it would be taken for all tokens.
func TestATokenThatCannotBeStored(t *testing.T) {
	for _, ref := range []walletport.TokenRef{
		{Scheme: walletport.Mastercard, Requestor: googlePay},
		{Scheme: walletport.Mastercard, Requestor: "", Reference: "ref-b"},
		{Scheme: walletport.Mastercard, Requestor: googlePay, Reference: cardNumber},
	} {
		b := openBank(t)
		b.has(token("ref-a"), token("", func(said *scheme.Token) { said.Ref = ref }))
		_, err := b.list(t, bankCard)
		if walletport.ReasonOf(err) != "scheme_answer_unreadable" || strings.Contains(err.Error(), cardNumber) {
			t.Errorf("error %v", err)
		}
	}
}

// TestAStatusThatIsNotKnown: what the token was before is the better guess, and what was
// never seen may be able to pay.
func TestAStatusThatIsNotKnown(t *testing.T) {
	b := openBank(t)
	odd := func(said *scheme.Token) { said.Status = "" }
	b.has(token("ref-a", suspended(walletport.HolderIssuer)), token("ref-b", odd))
	b.mustList(t)
	b.later(time.Minute)
	b.has(token("ref-a", odd), token("ref-b", odd))
	list := b.mustList(t)
	if list.Tokens[0].Status != walletport.TokenSuspended || list.Tokens[1].Status != walletport.TokenActive {
		t.Errorf("list %+v", list)
	}
	if row := b.row(t, "ref-a"); !slices.Equal(row.Holders, []walletport.Holder{walletport.HolderIssuer}) {
		t.Errorf("row %+v", row)
	}
	if want := []string{"ref-b status", "ref-a status", "ref-b status"}; !slices.Equal(b.seen.odd, want) {
		t.Errorf("odd %v", b.seen.odd)
	}
}

func TestNamesOfWallets(t *testing.T) {
	for _, c := range []struct{ name, requestor, said, want string }{
		{"a requestor that is known by its id", googlePay, "GOOGLE LLC", "Google Pay"},
		{"one that is not", "50112345678", "Netflix", "Netflix"},
		{"an id and no more", "50112345678", "", "50112345678"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openBank(t)
			b.has(token("ref-a", func(said *scheme.Token) { said.Ref.Requestor, said.Requestor = c.requestor, c.said }))
			if list := b.mustList(t); list.Tokens[0].Wallet != c.want || list.Tokens[0].Ref.Requestor != c.requestor {
				t.Errorf("list %+v", list.Tokens)
			}
		})
	}
}

// sealing counts what the numbers of tokens cost.
type sealing struct {
	tokens.Numbers
	sealed, opened atomic.Int32
	fault          error
}

func (s *sealing) SealTokenNumber(issuer walletport.IssuerID, ref walletport.TokenRef, number walletport.PAN) (storage.TokenNumber, error) {
	s.sealed.Add(1)
	if s.fault != nil {
		return storage.TokenNumber{}, s.fault
	}
	return s.Numbers.SealTokenNumber(issuer, ref, number)
}

func (s *sealing) OpenTokenNumber(issuer walletport.IssuerID, ref walletport.TokenRef, n storage.TokenNumber) (walletport.PAN, error) {
	s.opened.Add(1)
	return s.Numbers.OpenTokenNumber(issuer, ref, n)
}

// TestNumbersOfTokens are sealed once, shown in part, and whole to those who may see them.
func TestNumbersOfTokens(t *testing.T) {
	var numbers *sealing
	b := openBank(t, func(p *tokens.Parts) {
		numbers = &sealing{Numbers: p.Numbers}
		p.Numbers = numbers
	})
	whole := func() scheme.Token {
		return token("ref-a", func(said *scheme.Token) { said.Number = parse(t, tokenNumber1) })
	}
	told := whole()
	b.has(told)
	for range 3 {
		list := b.mustList(t)
		if list.Tokens[0].MaskedNumber != "541333******4111" || !list.Tokens[0].Number.IsZero() {
			t.Errorf("list %+v", list)
		}
		if !told.Number.IsZero() {
			t.Error("the number is still open")
		}
		if record := b.MustRecord(t); record.Details.Get(walletport.DetailNumbers) != "" {
			t.Errorf("the record %+v says that a whole number was shown", record)
		}
		b.later(time.Minute)
		told = whole()
		b.has(told)
	}
	if numbers.sealed.Load() != 1 || numbers.opened.Load() != 0 {
		t.Errorf("sealed %d times, opened %d", numbers.sealed.Load(), numbers.opened.Load())
	}
	row := b.row(t, "ref-a")
	if strings.Contains(string(row.Number.Sealed), tokenNumber1) || row.Number.FirstSix != "541333" || row.Number.LastFour != "4111" {
		t.Errorf("row %+v", row.Number)
	}
	ctx := acttest.AsBank(t.Context())
	actor := walletport.ActorFrom(ctx)
	actor.Scopes = []walletport.Scope{walletport.ScopeTokensNumber}
	list, err := b.List(walletport.WithActor(ctx, actor), tokens.ListRequest{CardID: bankCard, AuditUser: user, Channel: storage.ChannelAPI})
	must(t, err)
	if !list.Tokens[0].Number.Equal(parse(t, tokenNumber1)) {
		t.Errorf("list with whole numbers %+v", list)
	}
	if record := b.MustRecord(t); record.Details.Get(walletport.DetailNumbers) != "1" {
		t.Errorf("the record %+v does not say that a whole number was shown", record)
	}
	t.Run("another number is sealed anew", func(t *testing.T) {
		b.later(time.Minute)
		b.has(token("ref-a", func(said *scheme.Token) { said.Number, said.LastFour = parse(t, otherNumber), "4444" }))
		if list := b.mustList(t); list.Tokens[0].MaskedNumber != "555555******4444" || numbers.sealed.Load() != 2 {
			t.Errorf("list %+v", list)
		}
		story := b.story(t, "ref-a")
		if last := story[len(story)-1]; last != "number > scheme" {
			t.Errorf("history %v", story)
		}
	})
	t.Run("a custodian that is away", func(t *testing.T) {
		numbers.fault = walletport.Errorf(walletport.CodeUnavailable, "key_unavailable", "away")
		said := func() scheme.Token {
			return token("ref-c", func(said *scheme.Token) { said.Number, said.LastFour = parse(t, tokenNumber1), "" })
		}
		b.later(time.Minute)
		b.has(said())
		if list := b.mustList(t); list.IsOld || len(list.Tokens) != 2 || list.Tokens[1].MaskedNumber != "" {
			t.Errorf("list %+v", list)
		}
		if row := b.row(t, "ref-c"); row.Number.LastFour != "4111" || len(row.Number.Sealed) != 0 {
			t.Errorf("row %+v", row.Number)
		}
		numbers.fault = nil
		b.later(time.Minute)
		b.has(said())
		if list := b.mustList(t); list.Tokens[1].MaskedNumber != "541333******4111" {
			t.Errorf("back again, list %+v", list)
		}
	})
}

func parse(t testing.TB, digits string) walletport.PAN {
	t.Helper()
	pan, err := walletport.ParsePAN(digits)
	must(t, err)
	return pan
}

// TestANumberInAReference is not stored: a reference stands in lists, in rows and in URLs.
func TestANumberInAReference(t *testing.T) {
	for name, reference := range map[string]string{
		"the card's":  "DWSPMC" + cardNumber + "abc",
		"the token's": "DWSPMC" + tokenNumber1 + "abc",
	} {
		t.Run(name, func(t *testing.T) {
			b := openBank(t)
			number, err := walletport.ParsePAN([]byte(tokenNumber1))
			must(t, err)
			b.has(token(reference, func(s *scheme.Token) { s.Number = number }))
			_, err = b.list(t, bankCard)
			mustReason(t, err, "scheme_answer_unreadable")
			if row, err := b.DB.TokenByRef(t.Context(), ref(reference)); walletport.CodeOf(err) != walletport.CodeNotFound {
				t.Errorf("the row is %+v, %v", row, err)
			}
		})
	}
}

package customerservice_test

import (
	"crypto/fips140"
	"crypto/rand"
	"encoding/json"
	"io"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/scheme/mdes/customerservice"
)

// makeRequest is the part that every message has.
type makeRequest func(now time.Time, random io.Reader) (scheme.Request, error)

// TestRequests compares whole requests. Keys, nonces and paddings come from a fixed random
// stream, so they are the same each time; what they mean is proved elsewhere.
func TestRequests(t *testing.T) {
	if fips140.Version() == "v1.0.0" {
		t.Skip("this version of the FIPS module cannot be given a fixed random stream")
	}
	cryptotest.SetGlobalRandom(t, 1)
	access := accessOf(newKeyPair(), newKeyPair())
	cbc := mustMessages(t, func(c *customerservice.Config) { c.Phone = "+358401234567" })
	gcm := mustMessages(t, func(c *customerservice.Config) {
		c.BaseURL = "https://api.mastercard.com/mdes/csapi/mtf/"
		c.Profile.CipherMode, c.Profile.OAEPHash, c.Profile.AESBits, c.Profile.HexCase = mdes.GCM, mdes.SHA512, 256, mdes.UpperHex
	})
	token := func() scheme.TokenInput {
		return scheme.TokenInput{Access: access, By: testUser, Ref: testRef()}
	}
	change := func(action walletport.TokenAction, reason walletport.TokenReason, note string) makeRequest {
		return must[scheme.Command](t)(cbc.ChangeToken(scheme.ChangeInput{
			Access: access, By: testUser, Ref: testRef(), Action: action, Reason: reason, Note: note,
		})).Request
	}
	card := func(m *customerservice.Messages, after string) makeRequest {
		return must[scheme.Query[scheme.TokenPage]](t)(m.CardTokens(scheme.CardTokensInput{
			Access: access, By: testUser, PAN: mustPAN(t, testPAN), After: after, Rand: rand.Reader,
		})).Request
	}
	for name, message := range map[string]func() makeRequest{
		"search-card":     func() makeRequest { return card(cbc, "") },
		"search-card-gcm": func() makeRequest { return card(gcm, "40") },
		"search-token":    func() makeRequest { return must[scheme.Query[scheme.Token]](t)(cbc.Token(token())).Request },
		"search-comment": func() makeRequest {
			return must[scheme.Query[scheme.Token]](t)(cbc.CommentToken(customerservice.CommentInput{Access: access, By: testUser, CommentID: "ABC123456"})).Request
		},
		"activate": func() makeRequest { return change(walletport.TokenActivate, "", "") },
		"suspend-lost": func() makeRequest {
			return change(walletport.TokenSuspend, walletport.TokenReasonLost, "Left in a taxi <Oulu> & lost")
		},
		"unsuspend-found": func() makeRequest { return change(walletport.TokenResume, walletport.TokenReasonStolen, "") },
		"delete-closed":   func() makeRequest { return change(walletport.TokenDeactivate, walletport.TokenReasonClosed, "") },
		"statushistory": func() makeRequest {
			return must[scheme.Query[[]scheme.TokenEvent]](t)(cbc.TokenHistory(token())).Request
		},
		"activationmethod": func() makeRequest {
			return must[scheme.Query[[]customerservice.ActivationMethod]](t)(cbc.ActivationMethods(token())).Request
		},
		"resendcode": func() makeRequest {
			return must[scheme.Command](t)(cbc.ResendCode(customerservice.ResendInput{Access: access, By: testUser, Ref: testRef(), MethodID: "12344"})).Request
		},
		"requestorsearch": func() makeRequest {
			return must[scheme.Query[customerservice.Requestor]](t)(cbc.Requestor(customerservice.RequestorInput{Access: access, By: testUser, ID: testTRID})).Request
		},
	} {
		t.Run(name, func(t *testing.T) {
			// The first seal of a process draws once more, for a test of the RSA key.
			if _, err := message()(testNow, rand.Reader); err != nil {
				t.Fatal(err)
			}
			cryptotest.SetGlobalRandom(t, 2)
			request, err := message()(testNow, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			checkGolden(t, name+".json", struct {
				Method, URL string
				Header      map[string]string
				Body        json.RawMessage
			}{request.Method, request.URL, request.Header, request.Body})
		})
	}
}

// TestEachRequestIsSignedAnew: a nonce is good for one request, and a body stays the same.
func TestEachRequestIsSignedAnew(t *testing.T) {
	query := must[scheme.Query[scheme.TokenPage]](t)(mustMessages(t, nil).CardTokens(cardInput(t)))
	first, err := query.Request(testNow, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	second, err := query.Request(testNow, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if first.Header["Authorization"] == second.Header["Authorization"] {
		t.Error("two requests have one signature")
	}
	if string(first.Body) != string(second.Body) {
		t.Error("the body of a query changes from try to try")
	}
}

// TestAnswers compares what is read of whole answers, in each of the forms that sources show.
func TestAnswers(t *testing.T) {
	m := mustMessages(t, nil)
	page := func(t *testing.T, a scheme.Answer) (any, error) {
		return must[scheme.Query[scheme.TokenPage]](t)(m.CardTokens(cardInput(t))).Read(a)
	}
	change := func(action walletport.TokenAction) func(t *testing.T, a scheme.Answer) (any, error) {
		return func(t *testing.T, a scheme.Answer) (any, error) {
			return must[scheme.Command](t)(m.ChangeToken(changeInput(action))).Read(a), nil
		}
	}
	for name, read := range map[string]func(t *testing.T, a scheme.Answer) (any, error){
		"search.json":         page,
		"search-numbers.json": page,
		"search-single.json":  page,
		"search-empty.json":   page,
		"search-token.json": func(t *testing.T, a scheme.Answer) (any, error) {
			return must[scheme.Query[scheme.Token]](t)(m.Token(tokenInput())).Read(a)
		},
		"activate.json":  change(walletport.TokenActivate),
		"suspend.json":   change(walletport.TokenSuspend),
		"unsuspend.json": change(walletport.TokenResume),
		"delete.json":    change(walletport.TokenDeactivate),
		"statushistory.json": func(t *testing.T, a scheme.Answer) (any, error) {
			return must[scheme.Query[[]scheme.TokenEvent]](t)(m.TokenHistory(tokenInput())).Read(a)
		},
		"activationmethods.json": func(t *testing.T, a scheme.Answer) (any, error) {
			return must[scheme.Query[[]customerservice.ActivationMethod]](t)(m.ActivationMethods(tokenInput())).Read(a)
		},
		"resendcode.json": func(t *testing.T, a scheme.Answer) (any, error) {
			return must[scheme.Command](t)(m.ResendCode(customerservice.ResendInput{Access: testAccess(), By: testUser, Ref: testRef(), MethodID: "1"})).Read(a), nil
		},
		"requestor.json": func(t *testing.T, a scheme.Answer) (any, error) {
			return must[scheme.Query[customerservice.Requestor]](t)(m.Requestor(customerservice.RequestorInput{Access: testAccess(), By: testUser, ID: testTRID})).Read(a)
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(t, mustAnswer(t, name))
			if err != nil {
				t.Fatalf("read %s: %v", name, err)
			}
			checkGolden(t, "read-"+name, got)
		})
	}
}

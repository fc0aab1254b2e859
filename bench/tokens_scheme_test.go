package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes/customerservice"
	"github.com/walletport/walletport/scheme/vts/tokenapi"
)

// TestSchemeAnswers: what stands for the schemes is understood as they are.
func TestSchemeAnswers(t *testing.T) {
	server := httptest.NewServer(schemeAnswers())
	defer server.Close()
	mastercard, err := customerservice.New(customerservice.Config{
		BaseURL: server.URL + "/mdes", Organization: "Bench Bank", Profile: customerservice.DefaultProfile(),
	})
	if err != nil {
		t.Fatal(err)
	}
	visa, err := tokenapi.New(tokenapi.Config{BaseURL: server.URL + "/vts", Profile: tokenapi.DefaultProfile()})
	if err != nil {
		t.Fatal(err)
	}
	for _, manager := range []scheme.TokenManager{mastercard, visa} {
		t.Run(string(manager.Scheme()), func(t *testing.T) {
			seed := tokenSeed{cards: cardCounts{mastercard: 1}, asOf: time.Now()}
			token, err := seed.token(0, 0)
			if err != nil {
				t.Fatal(err)
			}
			ref := walletport.TokenRef{Scheme: manager.Scheme(), Requestor: requestors[manager.Scheme()], Reference: token.Ref.Reference}
			access := schemeAccess(t)
			for _, action := range []walletport.TokenAction{walletport.TokenSuspend, walletport.TokenResume} {
				command, err := manager.ChangeToken(scheme.ChangeInput{Access: access, By: "bench", Ref: ref, Action: action})
				if err != nil {
					t.Fatal(err)
				}
				if out := command.Read(sent(t, command.Request)); out.Effect != scheme.Done {
					t.Errorf("%s: %+v", action, out)
				}
			}
			query, err := manager.Token(scheme.TokenInput{Access: access, By: "bench", Ref: ref})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := query.Read(sent(t, query.Request)); err != nil || got.Ref != ref || got.Status != walletport.TokenActive {
				t.Errorf("token %+v, %v", got, err)
			}
		})
	}
}

// sharedSecret signs for Visa.
type sharedSecret []byte

func (s sharedSecret) Sum(data []byte) []byte {
	mac := hmac.New(sha256.New, s)
	mac.Write(data)
	return mac.Sum(nil)
}

func schemeAccess(t *testing.T) scheme.Access {
	t.Helper()
	pair, err := newKeyPair("bench")
	if err != nil {
		t.Fatal(err)
	}
	signer, _, err := pair.read()
	if err != nil {
		t.Fatal(err)
	}
	return scheme.Access{
		Signer: scheme.Signer{Key: signer, Alias: consumerKey},
		Secret: scheme.SharedSecret{MAC: sharedSecret("secret"), KeyID: "BENCHAPI"},
	}
}

func sent(t *testing.T, request func(time.Time, io.Reader) (scheme.Request, error)) scheme.Answer {
	t.Helper()
	r, err := request(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return scheme.Answer{Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type"), Body: body}
}

package customerservice

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/sim/faults"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// FuzzRequests: whatever is asked, with whatever header, there is an answer in JSON, and
// nobody is let in without a signature.
func FuzzRequests(f *testing.F) {
	vault, err := tokenvault.Open(f.TempDir(), rand.Reader, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = vault.Close() })
	service, err := New(Config{
		Vault: vault, Clients: func() []Client { return []Client{{consumerKey, &issuer().key.PublicKey}} },
		Keys: func() []Key { return []Key{{mdes().key, mdes().certificate}} }, Faults: faults.New(map[string][]string{SchemeName: Calls()}),
		Rand: rand.Reader, Now: time.Now,
	})
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range []string{"/search", "/token/suspend"} {
		f.Add(path, `OAuth oauth_nonce="a",oauth_signature="%zz"`, `{"SearchRequest":{"AuditInfo":{"UserId":"abcd","UserName":"abcd","Organization":"abcd"}}}`)
	}
	f.Fuzz(func(t *testing.T, path, header, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mdes/csapi/v2/search", strings.NewReader(body))
		r.Header["Authorization"] = []string{header}
		w := httptest.NewRecorder()
		service.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized && w.Code != http.StatusRequestEntityTooLarge || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		for _, c := range calls {
			if !strings.HasSuffix(c.path, path) {
				continue
			}
			in, refused := service.read(t.Context(), c, []byte(body))
			if refused == nil {
				_, refused = c.do(service, in)
			}
			if refused != nil && refused.ReasonCode == "INTERNAL_SERVICE_FAILURE" {
				t.Errorf("%s: %+v", c.path, refused)
			}
		}
	})
}

// FuzzEncryptedField: no field makes the opening fall over.
func FuzzEncryptedField(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), "00112233445566778899aabbccddeeff", "", "", "", "")
	f.Add([]byte("0123456789abcdef"), "00", "000000000000000000000000", "GCM", "00", "00")
	f.Fuzz(func(_ *testing.T, key []byte, data, iv, mode, tag, aad string) {
		encryptedField{EncryptedData: data, IV: iv, AlgorithmCipherMode: mode, Tag: tag, AAD: aad}.decrypt(key)
	})
}

package customerservice

import (
	"crypto"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

func TestSearchInPages(t *testing.T) {
	w := newWorld(t, nil)
	var made, got []string
	for range 45 {
		made = append(made, w.token(t, google, "googlepay", false))
	}
	for _, offset := range []string{"0", "20", "40", "60"} {
		var page searched
		w.ask(t, "/search", "Search", members{"EncryptedAccountInformation": pan(testPAN).field(t), "PageInfo": members{"Offset": offset, "Limit": "20"}}).read(t, &page)
		info := page.SearchResponse.PageInfo
		if info == nil || info.Total != "45" || info.Offset != offset || info.Limit != "20" || info.Count != fmt.Sprint(len(page.references())) {
			t.Errorf("page at %s: %+v", offset, info)
		}
		got = append(got, page.references()...)
	}
	if !slices.Equal(got, made) {
		t.Errorf("%d tokens in pages, of %d", len(got), len(made))
	}
	var first searched
	w.ask(t, "/search", "Search", members{"EncryptedAccountInformation": pan(testPAN).field(t)}).read(t, &first)
	if len(first.references()) != 20 {
		t.Errorf("%d tokens without PageInfo", len(first.references()))
	}
}

func TestOneCriterion(t *testing.T) {
	w := newWorld(t, nil)
	ref := w.token(t, apple, "applepay", false)
	token, _ := w.vault.Token(ref)
	var changed struct {
		TokenSuspendResponse struct {
			Token struct{ TokenUniqueReference, CommentId string }
		}
	}
	w.change(t, "suspend", ref, "L").read(t, &changed)
	comment := changed.TokenSuspendResponse.Token.CommentId
	account := func(member, value string) members {
		s := pan("")
		s.plaintext = `{"CurrentAccount":{"` + member + `":"` + value + `"}}`
		return members{"EncryptedAccountInformation": s.field(t)}
	}
	both := account("AccountPan", testPAN)
	both["TokenUniqueReference"] = ref
	two := pan("")
	two.plaintext = `{"CurrentAccount":{"AccountPan":"` + testPAN + `","Token":"` + testPAN + `"}}`
	with := func(request members, more members) members {
		all := maps.Clone(request)
		maps.Copy(all, more)
		return all
	}
	for _, c := range []struct {
		name    string
		request members
		reason  string
	}{
		{"the card", account("AccountPan", testPAN), ""},
		{"the token's number", account("Token", w.vault.Number(token).Clear()), ""},
		{"the reference", members{"TokenUniqueReference": ref}, ""},
		{"a change's comment", members{"CommentId": comment}, ""},
		{"another card", account("AccountPan", "2223003122003222"), "EMPTY_RESULT"},
		{"another token's number", account("Token", testPAN), "EMPTY_RESULT"},
		{"another reference", members{"TokenUniqueReference": "DWSPMC" + strings.Repeat("0", 42)}, "EMPTY_RESULT"},
		{"another comment", members{"CommentId": "ABC123456"}, "EMPTY_RESULT"},
		{"an app instance", members{"PaymentAppInstanceId": strings.Repeat("a", 48)}, "EMPTY_RESULT"},
		{"a virtual card", account("VirtualCardNumber", testPAN), "EMPTY_RESULT"},
		{"an account id with its bank", with(account("FinancialAccountId", "123456789"), members{"InterbankCardAssociationId": "1234", "CountryCode": "FIN"}), "EMPTY_RESULT"},
		{"an account id alone", account("FinancialAccountId", "123456789"), "MISSING_CONDITIONAL_FIELD"},
		{"none", members{}, "INVALID_REQUEST"},
		{"two", both, "INVALID_REQUEST"},
		{"two others", members{"TokenUniqueReference": ref, "CommentId": comment}, "INVALID_REQUEST"},
		{"two within", members{"EncryptedAccountInformation": two.field(t)}, "INVALID_REQUEST"},
		{"a short reference", members{"TokenUniqueReference": "DWSPMC"}, "INVALID_FIELD_LENGTH"},
		{"a short app instance", members{"PaymentAppInstanceId": "a"}, "INVALID_FIELD_LENGTH"},
		{"a short card number", account("AccountPan", "12345678"), "INVALID_FIELD_LENGTH"},
		{"a card number with spaces", account("AccountPan", "5555 5555 5555 44"), "INVALID_FIELD_VALUE"},
		{"21 a page", with(account("AccountPan", testPAN), members{"PageInfo": members{"Limit": "21"}}), "INVALID_FIELD_VALUE"},
		{"none a page", with(account("AccountPan", testPAN), members{"PageInfo": members{"Limit": "0"}}), "INVALID_FIELD_VALUE"},
		{"an offset between pages", with(account("AccountPan", testPAN), members{"PageInfo": members{"Limit": "20", "Offset": "10"}}), "INVALID_FIELD_VALUE"},
		{"an offset that is a number", with(account("AccountPan", testPAN), members{"PageInfo": members{"Offset": 20}}), "INVALID_FIELD_FORMAT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.ask(t, "/search", "Search", c.request)
			if reason := got.reason(t); reason != c.reason {
				t.Fatalf("%d %s, want %q", got.status, got.body, c.reason)
			}
			if want := map[bool]int{true: 200, false: 400}[c.reason == "" || c.reason == "EMPTY_RESULT"]; got.status != want {
				t.Errorf("status %d, want %d", got.status, want)
			}
			if strings.Contains(string(got.body), testPAN) {
				t.Error("the answer has a card number")
			}
			if c.reason != "" {
				return
			}
			var list searched
			got.read(t, &list)
			if refs := list.references(); len(refs) != 1 || refs[0] != ref {
				t.Fatalf("found %v", refs)
			}
			found := list.SearchResponse.Accounts.Account[0].Tokens.Token[0]
			if found.CurrentStatusCode != "S" || !slices.Equal(found.Suspenders.Suspender, []string{"I"}) || found.LastCommentId != comment || found.CurrentStatusDateTime.Before(token.CreatedAt.Add(-time.Second)) {
				t.Errorf("it is %+v", found)
			}
			if number := w.vault.Number(token).Clear(); found.TokenSuffix != number[12:] || strings.Contains(string(got.body), number) {
				t.Errorf("its suffix is %v", found.TokenSuffix)
			}
		})
	}
}

func TestFilters(t *testing.T) {
	w := newWorld(t, nil)
	active, suspended, deleted := w.token(t, google, "googlepay", false), w.token(t, apple, "applepay", false), w.token(t, google, "googlepay", false)
	inactive, removed := w.token(t, google, "googlepay", true), w.token(t, google, "another", false)
	for ref, act := range map[string]tokenvault.Act{
		suspended: {Call: tokenvault.Suspend, By: tokenvault.Cardholder}, deleted: {Call: tokenvault.Delete, By: tokenvault.Issuer},
		removed: {Call: tokenvault.Delete, By: tokenvault.Cardholder, FromApp: true},
	} {
		if _, err := w.vault.Apply(ref, act); err != nil {
			t.Fatal(err)
		}
	}
	all := []string{active, suspended, deleted, inactive, removed}
	for _, c := range []struct {
		name   string
		filter members
		want   []string
	}{
		{"none", members{}, all},
		{"no deleted ones", members{"ExcludeDeletedIndicator": "true"}, []string{active, suspended, inactive, removed}},
		{"none that are removed from the phone", members{"ExcludeTokensDeletedFromConsumerApp": "true"}, []string{active, suspended, deleted, inactive}},
		{"on phones", members{"IncludeDeviceTokensOnly": "true"}, all},
		{"by status", members{"TokenStatusCodes": []string{"U", "S"}}, []string{suspended, inactive}},
		{"by type", members{"TokenTypes": []string{"S"}}, []string{suspended}},
		{"by requestor", members{"TokenRequestorId": apple}, []string{suspended}},
		{"that contradict each other", members{"ExcludeDeletedIndicator": "true", "TokenStatusCodes": []string{"D"}}, nil},
		{"compact", members{"CompactResponse": true}, all},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := members{"EncryptedAccountInformation": pan(testPAN).field(t)}
			maps.Copy(request, c.filter)
			var list searched
			w.ask(t, "/search", "Search", request).read(t, &list)
			if got := list.references(); !slices.Equal(got, c.want) || list.SearchResponse.PageInfo.Total != fmt.Sprint(len(c.want)) {
				t.Errorf("found %v, want %v", got, c.want)
			}
		})
	}
	var list searched
	w.ask(t, "/search", "Search", members{"TokenUniqueReference": removed}).read(t, &list)
	if found := list.SearchResponse.Accounts.Account[0].Tokens.Token[0]; found.CurrentStatusCode != "A" || found.TokenDeletedFromConsumerApp != "true" {
		t.Errorf("one that was removed from the phone is %+v", found)
	}
}

func TestEncryptedFields(t *testing.T) {
	w := newWorld(t, nil)
	w.token(t, google, "googlepay", false)
	set := func(name string, value any) func(members) { return func(m members) { m[name] = value } }
	for _, c := range []struct {
		name   string
		change func(*sealing)
		reason string
	}{
		{"as documented", func(*sealing) {}, ""},
		{"GCM", func(s *sealing) { s.isGCM = true }, ""},
		{"OAEP with SHA-512", func(s *sealing) { s.hash, s.name = crypto.SHA512, "SHA512" }, ""},
		{"the mode named", func(s *sealing) { s.change = set("algorithmCipherMode", "CBC") }, ""},
		{"hex of the other case", func(s *sealing) {
			s.change = func(m members) { m["PublicKeyFingerprint"] = strings.ToUpper(m["PublicKeyFingerprint"].(string)) }
		}, ""},
		{"to another key", func(s *sealing) { s.to = stranger() }, "CRYPTOGRAPHY_ERROR"},
		{"to another key under this name", func(s *sealing) { s.to = pair{stranger().key, mdes().certificate} }, "CRYPTOGRAPHY_ERROR"},
		{"members in camel case", func(s *sealing) { s.plaintext = `{"currentAccount":{"accountPan":"` + testPAN + `"}}` }, "INVALID_REQUEST"},
		{"another hash than named", func(s *sealing) { s.name = "SHA512" }, "CRYPTOGRAPHY_ERROR"},
		{"no JSON inside", func(s *sealing) { s.plaintext = testPAN }, "CRYPTOGRAPHY_ERROR"},
		{"no hex", func(s *sealing) { s.change = set("EncryptedData", "x") }, "CRYPTOGRAPHY_ERROR"},
		{"cut data", func(s *sealing) { s.change = set("EncryptedData", "00112233") }, "CRYPTOGRAPHY_ERROR"},
		{"another IV", func(s *sealing) { s.change = set("Iv", "") }, "CRYPTOGRAPHY_ERROR"},
		{"an IV that is short", func(s *sealing) { s.change = set("Iv", "00") }, "CRYPTOGRAPHY_ERROR"},
		{"a mode that there is not", func(s *sealing) { s.change = set("algorithmCipherMode", "ECB") }, "CRYPTOGRAPHY_ERROR"},
		{"GCM with another tag", func(s *sealing) { s.isGCM, s.change = true, set("tag", strings.Repeat("0", 32)) }, "CRYPTOGRAPHY_ERROR"},
		{"GCM without additional data", func(s *sealing) { s.isGCM, s.change = true, set("aad", "") }, "CRYPTOGRAPHY_ERROR"},
		{"no fingerprint", func(s *sealing) { s.change = set("PublicKeyFingerprint", "") }, "MISSING_REQUIRED_FIELD"},
		{"PKCS#1 v1.5", func(s *sealing) { s.change = set("OaepHashingAlgorithm", "") }, "MISSING_REQUIRED_FIELD"},
		{"a hash with a hyphen", func(s *sealing) { s.name = "SHA-256" }, "INVALID_FIELD_VALUE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := pan(testPAN)
			c.change(&s)
			if got := w.ask(t, "/search", "Search", members{"EncryptedAccountInformation": s.field(t)}); got.reason(t) != c.reason {
				t.Errorf("%d %s, want %q", got.status, got.body, c.reason)
			}
		})
	}
}

// By the seed answers are spelled as the published examples are, and say the same.
func TestNumbersOrStrings(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Seed = 7 })
	token, err := w.vault.Digitize(tokenvault.Digitization{Number: sim.NewCardNumber("5200000000000007"), ExpiryMMYY: "0131", TokenRequestorID: google, Wallet: "googlepay"})
	if err != nil {
		t.Fatal(err)
	}
	suffixes, offsets := map[string]bool{}, map[bool]bool{}
	for range 30 {
		got := w.ask(t, "/search", "Search", members{"TokenUniqueReference": token.TokenUniqueReference})
		var list struct {
			SearchResponse struct {
				Accounts struct {
					Account []struct{ AccountPanSuffix, ExpirationDate json.RawMessage }
				}
			}
		}
		got.read(t, &list)
		account := list.SearchResponse.Accounts.Account[0]
		suffixes[string(account.AccountPanSuffix)+" "+string(account.ExpirationDate)] = true
		offsets[strings.Contains(string(got.body), "-06:00")] = true
		var whole searched
		got.read(t, &whole)
		if since := whole.SearchResponse.Accounts.Account[0].Tokens.Token[0].CurrentStatusDateTime; since.Sub(token.CreatedAt).Abs() > time.Second {
			t.Errorf("since %s, made %s", since, token.CreatedAt)
		}
	}
	if want := (map[string]bool{`"0007" "0131"`: true, `7 131`: true}); !maps.Equal(suffixes, want) || len(offsets) != 2 {
		t.Errorf("spellings %v, offsets %v", suffixes, offsets)
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	w := newWorld(t, nil)
	sent := func(path, body string) answer {
		return do(t, http.MethodPost, w.api(path), newSigning(w.api(path), []byte(body)).header(t), []byte(body))
	}
	for _, c := range []struct {
		name, body string
		status     int
		reason     string
	}{
		{"nothing", "", 400, "INVALID_REQUEST"},
		{"no object", "[]", 400, "INVALID_REQUEST"},
		{"another call's wrapper", `{"TokenSuspendRequest":{}}`, 400, "INVALID_REQUEST"},
		{"two wrappers", `{"SearchRequest":{},"X":{}}`, 400, "INVALID_REQUEST"},
		{"no object within", `{"SearchRequest":"x"}`, 400, "INVALID_FIELD_FORMAT"},
		{"members in camel case", `{"SearchRequest":{"auditInfo":{"userId":"ada@acme","userName":"ada@acme","organization":"Acme"}}}`, 400, "MISSING_REQUIRED_FIELD"},
		{"a number for a text", `{"SearchRequest":{"TokenUniqueReference":7}}`, 400, "INVALID_FIELD_FORMAT"},
		{"too much", `{"SearchRequest":{"x":"` + strings.Repeat("x", sim.MaxBodyBytes) + `"}}`, 413, "REQUEST_TOO_LARGE"},
	} {
		if got := sent("/search", c.body); got.status != c.status || got.reason(t) != c.reason {
			t.Errorf("%s: %d %s, want %s", c.name, got.status, got.body, c.reason)
		}
	}
	if got := sent("/systemstatus", "{}"); got.status != 404 || got.reason(t) != "RESOURCE_UNKNOWN" {
		t.Errorf("a call that there is not: %d %s", got.status, got.body)
	}
	if got := do(t, http.MethodGet, w.api("/search"), "", nil); got.status != 405 {
		t.Errorf("GET: %d", got.status)
	}
}

func TestConfigIsComplete(t *testing.T) {
	whole := newWorld(t, nil).config
	for name, leave := range map[string]func(*Config){
		"Vault": func(c *Config) { c.Vault = nil }, "Clients": func(c *Config) { c.Clients = nil }, "Keys": func(c *Config) { c.Keys = nil },
		"Faults": func(c *Config) { c.Faults = nil }, "Rand": func(c *Config) { c.Rand = nil }, "Now": func(c *Config) { c.Now = nil },
	} {
		c := whole
		leave(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

package customerservice

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/faults"
)

// authenticate checks the OAuth 1.0a signature of a request (RFC 5849, and the hash of its
// body) as Mastercard's gateway does. A refusal names what is wrong with it.
func (s *Service) authenticate(r *http.Request, body []byte) *fault {
	deny := func(reasonCode, description string) *fault {
		f := gatewayError(reasonCode, description)
		return &f
	}
	given, ok := readAuthorization(r.Header.Values("Authorization"))
	if !ok {
		return deny("AUTHENTICATION_FAILED", "The Authorization header is missing or malformed.")
	}
	if given["oauth_signature_method"] != "RSA-SHA256" || given["oauth_version"] != "" && given["oauth_version"] != "1.0" {
		return deny("AUTHENTICATION_FAILED", "Unknown signature method or version.")
	}
	digest := sha256.Sum256(body)
	if hash := unescaped(given["oauth_body_hash"]); subtle.ConstantTimeCompare([]byte(hash), []byte(base64.StdEncoding.EncodeToString(digest[:]))) != 1 {
		return deny("INVALID_BODY_HASH", "The body hash does not match the body.")
	}
	var known []crypto.PublicKey
	for _, c := range s.c.Clients() {
		if c.ConsumerKey == unescaped(given["oauth_consumer_key"]) {
			known = append(known, c.Public)
		}
	}
	if len(known) == 0 {
		return deny("INVALID_CLIENT_ID", "The consumer key is unknown.")
	}
	signature, err := base64.StdEncoding.DecodeString(unescaped(given["oauth_signature"]))
	if err != nil || faults.Take(r.Context(), faults.WrongSignature) || !isSigned(known, baseString(r, given), signature) {
		return deny("AUTHENTICATION_FAILED", "The signature is invalid.")
	}
	if why := s.nonces.use(given, s.c.Now()); why != "" {
		return deny("AUTHENTICATION_FAILED", why)
	}
	return nil
}

func isSigned(keys []crypto.PublicKey, text string, signature []byte) bool {
	digest := sha256.Sum256([]byte(text))
	for _, key := range keys {
		if public, ok := key.(*rsa.PublicKey); ok && rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil {
			return true
		}
	}
	return false
}

// readAuthorization takes the one Authorization header apart; values stay as they were
// sent, without their quotation marks.
func readAuthorization(headers []string) (map[string]string, bool) {
	if len(headers) != 1 || len(headers[0]) < 6 || !strings.EqualFold(headers[0][:6], "OAuth ") {
		return nil, false
	}
	given := map[string]string{}
	for _, member := range strings.Split(headers[0][6:], ",") {
		name, quoted, ok := strings.Cut(strings.TrimSpace(member), "=")
		value, isOpened := strings.CutPrefix(quoted, `"`)
		value, isClosed := strings.CutSuffix(value, `"`)
		if _, isTwice := given[name]; !ok || !isOpened || !isClosed || isTwice {
			return nil, false
		}
		given[name] = value
	}
	return given, true
}

func unescaped(value string) string {
	plain, err := url.PathUnescape(value)
	if err != nil {
		return value
	}
	return plain
}

// baseString is what was signed. Mastercard's libraries join names and values as they
// stand in header and query, and encode the whole once: RFC 5849 section 3.4.1.3.2 would
// encode each value before.
func baseString(r *http.Request, given map[string]string) string {
	var pairs []string
	for name, value := range given {
		if name != "oauth_signature" && name != "realm" {
			pairs = append(pairs, name+"="+value)
		}
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	for _, pair := range strings.Split(query, "&") {
		if pair != "" {
			pairs = append(pairs, pair)
		}
	}
	sort.Slice(pairs, func(i, j int) bool {
		nameI, valueI, _ := strings.Cut(pairs[i], "=")
		nameJ, valueJ, _ := strings.Cut(pairs[j], "=")
		return nameI < nameJ || nameI == nameJ && valueI < valueJ
	})
	origin := "http://"
	if r.TLS != nil {
		origin = "https://"
	}
	host := strings.ToLower(r.Host)
	if r.TLS != nil {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return r.Method + "&" + escaped(origin+host+path) + "&" + escaped(strings.Join(pairs, "&"))
}

// escaped is percent-encoding by RFC 3986, which net/url has for path segments but for
// these few.
func escaped(text string) string {
	return strings.NewReplacer("+", "%20", "%7E", "~").Replace(url.QueryEscape(text))
}

// Limits of time and nonces. How far a clock may be off is not published (inferred).
const (
	maxSkew    = 5 * time.Minute
	maxNonces  = 1 << 20
	nonceChars = 64
)

// nonces remembers those of the time in which they could be used again.
type nonces struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

func newNonces() *nonces { return &nonces{seen: map[string]time.Time{}} }

// use takes a request's time and nonce, and says what is wrong with them.
func (n *nonces) use(given map[string]string, now time.Time) (why string) {
	seconds, err := strconv.ParseInt(given["oauth_timestamp"], 10, 64)
	if at := time.Unix(seconds, 0); err != nil || !sim.IsDigits(given["oauth_timestamp"]) || at.Before(now.Add(-maxSkew)) || at.After(now.Add(maxSkew)) {
		return "The timestamp is not of this time."
	}
	nonce := given["oauth_nonce"]
	if nonce == "" || len(nonce) > nonceChars {
		return "The nonce is missing or too long."
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.seen[given["oauth_consumer_key"]+" "+nonce]; ok {
		return "The nonce was used before."
	}
	if len(n.seen) >= maxNonces {
		n.forget(now)
	}
	n.seen[given["oauth_consumer_key"]+" "+nonce] = now
	return ""
}

// forget drops the nonces whose timestamps are refused anyway.
func (n *nonces) forget(now time.Time) {
	for nonce, at := range n.seen {
		if at.Before(now.Add(-2 * maxSkew)) {
			delete(n.seen, nonce)
		}
	}
}

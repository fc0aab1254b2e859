package mdes

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/seal"
)

// OAuthInput is everything that the signature of a request depends on.
type OAuthInput struct {
	Signer scheme.Signer // RSA; Alias is the consumer key, as the developer portal shows it
	Method string
	URL    string // absolute; its query, if any, percent-encoded as it is sent
	Body   []byte // exactly as it is sent
	Now    time.Time
	Rand   io.Reader
}

// oauthSignatureMethod is the only one that Mastercard's gateway takes (reference
// mastercard.md 10): RSASSA-PKCS1-v1_5 with SHA-256.
const oauthSignatureMethod = "RSA-SHA256"

// SignOAuth returns the value of the Authorization header of a request to any of
// Mastercard's APIs, by OAuth 1.0a (RFC 5849) with a hash of the body, as the gateway
// checks it. It is good for one request: its nonce is random and its time is Now.
// The error is CodeUnavailable, reason key_unusable or signing_unavailable.
func SignOAuth(in OAuthInput) (string, error) {
	if in.Now.IsZero() || in.Rand == nil || in.Signer.Key == nil {
		return "", errors.New("mdes: OAuthInput needs Signer, Now and Rand")
	}
	if key, ok := in.Signer.Key.Public().(*rsa.PublicKey); !ok || seal.CheckRSA(key) != nil {
		return "", errKey("requests are signed with an RSA key of 2048 bits or more")
	}
	if in.Signer.Alias == "" || !walletport.IsPrintable(in.Signer.Alias, ` ",&=%+`) {
		return "", errKey("its alias is the consumer key, and has no spaces, quotation marks, commas or escapes")
	}
	at, err := url.Parse(in.URL)
	if err != nil || at.Host == "" {
		return "", errors.New("mdes: the URL of a request is absolute") // url's own error repeats it
	}
	nonce, err := oauthNonce(in.Rand)
	if err != nil {
		return "", err
	}
	parameters := oauthParameters(in, nonce)
	signature, err := signSHA256(in.Rand, in.Signer.Key, []byte(oauthBaseString(in.Method, at, parameters)))
	if err != nil {
		return "", err
	}
	signed := append(parameters, oauthParameter{"oauth_signature", percentEncode(base64.StdEncoding.EncodeToString(signature))})
	var header strings.Builder
	for i, p := range signed {
		if i > 0 {
			header.WriteByte(',')
		}
		fmt.Fprintf(&header, `%s="%s"`, p.name, p.value) //nolint:gocritic // %q would escape
	}
	return "OAuth " + header.String(), nil
}

type oauthParameter struct{ name, value string }

func oauthParameters(in OAuthInput, nonce string) []oauthParameter {
	digest := sha256.Sum256(in.Body)
	return []oauthParameter{
		{"oauth_body_hash", base64.StdEncoding.EncodeToString(digest[:])}, // of an empty body too
		{"oauth_consumer_key", in.Signer.Alias},
		{"oauth_nonce", nonce},
		{"oauth_signature_method", oauthSignatureMethod},
		{"oauth_timestamp", strconv.FormatInt(in.Now.Unix(), 10)},
		{"oauth_version", "1.0"},
	}
}

const (
	nonceChars    = 16
	nonceAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// oauthNonce draws 16 characters, each as likely as another: a byte that would make some
// likelier is drawn again.
func oauthNonce(random io.Reader) (string, error) {
	nonce := make([]byte, 0, nonceChars)
	const fair = 256 - 256%len(nonceAlphabet)
	for drawn := [nonceChars]byte{}; ; {
		if _, err := io.ReadFull(random, drawn[:]); err != nil {
			return "", fmt.Errorf("draw a nonce: %w", err)
		}
		for _, b := range drawn {
			if int(b) < fair {
				nonce = append(nonce, nonceAlphabet[int(b)%len(nonceAlphabet)])
			}
			if len(nonce) == nonceChars {
				return string(nonce), nil
			}
		}
	}
}

// oauthBaseString returns what is signed. In one point Mastercard leaves RFC 5849 section
// 3.4.1.3.2: names and values are joined as they are, so that what is special in a body
// hash ("+", "/", "=") is encoded once and not twice, and so with a query that was sent
// without escapes. One that was sent with escapes keeps them, and they are encoded again.
func oauthBaseString(method string, at *url.URL, parameters []oauthParameter) string {
	all := slices.Clone(parameters)
	for pair := range strings.SplitSeq(at.RawQuery, "&") {
		if name, value, _ := strings.Cut(pair, "="); pair != "" {
			all = append(all, oauthParameter{name, value})
		}
	}
	slices.SortFunc(all, func(a, b oauthParameter) int {
		return 2*strings.Compare(a.name, b.name) + strings.Compare(a.value, b.value)
	})
	joined := make([]string, len(all))
	for i, p := range all {
		joined[i] = p.name + "=" + p.value
	}
	return strings.ToUpper(method) + "&" + percentEncode(oauthBaseURL(at)) + "&" + percentEncode(strings.Join(joined, "&"))
}

// oauthBaseURL returns where a request goes, without query and fragment, without the port
// that the scheme implies, host and scheme in lower case, and "/" for no path.
func oauthBaseURL(at *url.URL) string {
	proto, host := strings.ToLower(at.Scheme), strings.ToLower(at.Host)
	if port := at.Port(); proto == "https" && port == "443" || proto == "http" && port == "80" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	path := at.EscapedPath()
	if path == "" {
		path = "/"
	}
	return proto + "://" + host + path
}

// percentEncode encodes all but RFC 3986's unreserved characters (section 2.3).
func percentEncode(text string) string {
	const digits = "0123456789ABCDEF"
	encoded := make([]byte, 0, len(text)+len(text)/2)
	for i := range len(text) {
		c := text[i]
		if walletport.IsAlnum(text[i:i+1], "-._~") {
			encoded = append(encoded, c)
			continue
		}
		encoded = append(encoded, '%', digits[c>>4], digits[c&15])
	}
	return string(encoded)
}

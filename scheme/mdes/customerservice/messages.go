package customerservice

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
)

// Config is what Messages are made of. A configuration file names its fields by their tags.
type Config struct {
	// BaseURL is where the API is, without the version: https://api.mastercard.com/mdes/csapi. Sources
	// disagree on the host of Mastercard's test facility, so that it is given as a whole.
	BaseURL string `setting:"url"`
	// Organization names the issuer, or its processor, to Mastercard: 4 to 200 characters.
	Organization string `setting:"organization"`
	// Phone of the organization's customer service, 4 to 20 characters; may be empty.
	Phone   string  `setting:"phone"`
	Profile Profile `setting:"profile"`
}

// Validate returns every problem but those of the Profile, joined, or nil. The texts name
// fields as a configuration file does.
func (c Config) Validate() error {
	var problems []error
	if err := scheme.CheckBaseURL(c.BaseURL); err != nil {
		problems = append(problems, err)
	}
	if !isText(c.Organization, maxOrganization) {
		problems = append(problems, errors.New("organization: 4 to 200 characters of plain text"))
	}
	if c.Phone != "" && !isText(c.Phone, maxPhone) {
		problems = append(problems, errors.New("phone: 4 to 20 characters of plain text"))
	}
	return errors.Join(problems...)
}

// apiVersion is the {id} of every path [S3].
const apiVersion = "v2"

// Messages makes requests of the Customer Service API and reads the answers. It is
// immutable and safe for concurrent use. A request costs one RSA private operation, a
// search by card one RSA public operation more.
type Messages struct {
	base         string
	organization string
	phone        string
	profile      Profile
}

var (
	_ scheme.TokenManager   = (*Messages)(nil)
	_ scheme.TokenHistorian = (*Messages)(nil)
)

// New checks the configuration; its error names every problem.
func New(c Config) (*Messages, error) {
	if err := errors.Join(c.Validate(), c.Profile.Validate()); err != nil {
		return nil, fmt.Errorf("customer service: %w", err)
	}
	return &Messages{base: strings.TrimSuffix(c.BaseURL, "/"), organization: c.Organization, phone: c.Phone, profile: c.Profile}, nil
}

func isText(text string, limit int) bool {
	chars := utf8.RuneCountInString(text)
	return chars >= minAuditChars && chars <= limit && walletport.IsPlainText(text) && !walletport.ContainsPAN(text)
}

// Scheme returns walletport.Mastercard.
func (m *Messages) Scheme() walletport.SchemeID { return walletport.Mastercard }

// maker makes a signed request each time it is asked for one.
type maker = func(now time.Time, random io.Reader) (scheme.Request, error)

// post returns what makes requests of one call: POST of a JSON object in its wrapper.
func (m *Messages) post(signer scheme.Signer, path, wrapper string, body any) (maker, error) {
	text, err := encode(map[string]any{wrapper: body})
	if err != nil {
		return nil, err
	}
	at := m.base + "/" + apiVersion + path
	return func(now time.Time, random io.Reader) (scheme.Request, error) {
		authorization, err := mdes.SignOAuth(mdes.OAuthInput{Signer: signer, Method: "POST", URL: at, Body: text, Now: now, Rand: random})
		if err != nil {
			return scheme.Request{}, err
		}
		return scheme.Request{
			Method: "POST",
			URL:    at,
			Header: map[string]string{"Authorization": authorization, "Content-Type": "application/json", "Accept": "application/json"},
			Body:   text,
		}, nil
	}, nil
}

// encode writes compact JSON without the escapes for HTML, which nobody needs here.
func encode(value any) ([]byte, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return []byte(strings.TrimSuffix(text.String(), "\n")), nil
}

// checkRef refuses a reference that cannot be a token's. That it has at least 48 characters
// [S3] is Mastercard's to check: one that is listed with fewer can be asked for and changed.
func checkRef(ref walletport.TokenRef) error {
	if ref.Scheme != walletport.Mastercard || ref.Rule() != "" {
		return walletport.ErrField("token_unique_reference_malformed", "tokenUniqueReference", "has at most 64 printable ASCII characters")
	}
	return nil
}

package clicktopay

import (
	"errors"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme/vts"
)

// CallerAuth says how Visa knows who calls.
type CallerAuth string

// The ways; there is exactly one of them (VICA).
const (
	ByPayToken    CallerAuth = "x-pay-token"
	ByCertificate CallerAuth = "mutual_tls" // of the connection; with Basic authentication where there is a login
)

// ProductForm says how a message names the product.
type ProductForm string

// The forms. Answers are read in either.
const (
	Products ProductForm = "products" // "products":[{"productCode":"CLICK_TO_PAY"}]
	Intent   ProductForm = "intent"   // "intent":{"type":"PRODUCT_CODE","value":"CLICK_TO_PAY"}
)

// CardsForm says how deletePaymentInstruments names cards.
type CardsForm string

// The forms.
const (
	CardsArray  CardsForm = "array"
	CardsObject CardsForm = "object" // of one card
)

// LengthUnit is what Visa's limits count.
type LengthUnit string

// The units, of UTF-8.
const (
	Characters LengthUnit = "characters"
	Bytes      LengthUnit = "bytes"
)

// Profile is every choice that the public sources leave open. Each field names its sources
// and how sure we are of the default. Start from DefaultProfile, not from zero.
type Profile struct {
	// CallerAuth is how Visa knows who calls: x-pay-token (default) or mutual_tls (both VICA, high; which one is
	// agreed at onboarding). With mutual_tls nothing is signed and there is no API key.
	CallerAuth CallerAuth `setting:"caller_auth"`
	// ResourcePath that x-pay-token signs: without_context, v1/enrollData (default; XP1 has it so for every product
	// that it does not list, low), or full, visaIdCredential/v1/enrollData (VSKILL has it so for most).
	ResourcePath vts.PathRule `setting:"resource_path"`
	// APIKeyName is the query parameter of the API key: apikey (default; IAP, of the same platform; inferred) or
	// apiKey. Its case counts in the signature.
	APIKeyName string `setting:"api_key_name"`
	// ContentEncryption of bodies: A128GCM (default; MLE, VMCP, high) or A256GCM, which the guide allows as well.
	ContentEncryption string `setting:"content_encryption"`
	// ProductForm is how a message names the product: products (default; VICA, medium) or intent, the older form
	// that Visa's reference still prints (VICA, MQ, MLEP).
	ProductForm ProductForm `setting:"product_form"`
	// ProductMember names the product within products: productCode (default; inferred, Visa's sample is cut after
	// "productC").
	ProductMember string `setting:"product_member"`
	// DeletedCards is how deletePaymentInstruments names cards: array (default; VICA's other calls, medium) or
	// object (MLEP), which takes one card.
	DeletedCards CardsForm `setting:"deleted_cards"`
	// ActiveStatus of a consumer whose cards can be paid with: ACTIVE (default; MQ, high).
	ActiveStatus string `setting:"active_status"`
	// InactiveStatus of a consumer whose cards cannot: INACTIVE (default; inferred, sources have ACTIVE alone).
	InactiveStatus string `setting:"inactive_status"`
	// Lengths are counted in characters (default; inferred, no source says) or bytes.
	Lengths LengthUnit `setting:"lengths"`
	// AddressForbids are the characters that no member of an address has (ENF, high; of the curly
	// quotation marks the closing one is among them and the opening one is not, as Visa's page prints the list).
	AddressForbids string `setting:"address_forbids"`
	// SettleAfter is how long a request without an answer may still take effect: before, nobody says that it was
	// not done. 1m (default; inferred: no time limit of Visa's is published, and a request that was taken runs on).
	SettleAfter time.Duration `setting:"settle_after"`
}

// DefaultProfile returns what the sources make most likely.
func DefaultProfile() Profile {
	return Profile{
		CallerAuth:        ByPayToken,
		ResourcePath:      vts.WithoutContext,
		APIKeyName:        "apikey",
		ContentEncryption: "A128GCM",
		ProductForm:       Products,
		ProductMember:     "productCode",
		DeletedCards:      CardsArray,
		ActiveStatus:      "ACTIVE",
		InactiveStatus:    "INACTIVE",
		Lengths:           Characters,
		AddressForbids:    "[]{}:&$^!=;*#`<>\"”@",
		SettleAfter:       time.Minute,
	}
}

const (
	maxWord        = 40
	maxForbidden   = 100
	maxSettleAfter = time.Hour
)

// Validate returns every problem of the profile, joined, or nil. The texts name fields as
// a configuration file does.
func (p Profile) Validate() error {
	var problems []error
	for _, field := range []struct {
		ok      bool
		problem string
	}{
		{oneOf(p.CallerAuth, ByPayToken, ByCertificate), "caller_auth: x-pay-token or mutual_tls"},
		{oneOf(p.ResourcePath, vts.FullPath, vts.WithoutContext), "resource_path: full or without_context"},
		{oneOf(p.APIKeyName, "apiKey", "apikey"), "api_key_name: apiKey or apikey"},
		{p.keyBits() != 0, "content_encryption: A128GCM or A256GCM"},
		{oneOf(p.ProductForm, Products, Intent), "product_form: products or intent"},
		{walletport.IsName(p.ProductMember, maxWord), "product_member: 1 to 40 letters, digits, '.', '_' and '-'"},
		{oneOf(p.DeletedCards, CardsArray, CardsObject), "deleted_cards: array or object"},
		{walletport.IsName(p.ActiveStatus, maxWord), "active_status: 1 to 40 letters, digits, '.', '_' and '-'"},
		{walletport.IsName(p.InactiveStatus, maxWord) && p.InactiveStatus != p.ActiveStatus, "inactive_status: 1 to 40 letters, digits, '.', '_' and '-', and not active_status"},
		{oneOf(p.Lengths, Characters, Bytes), "lengths: characters or bytes"},
		{len(p.AddressForbids) <= maxForbidden && walletport.IsPlainText(p.AddressForbids), "address_forbids: at most 100 bytes, no control or invisible characters"},
		{p.SettleAfter >= 0 && p.SettleAfter <= maxSettleAfter, "settle_after: 0s to 1h"},
	} {
		if !field.ok {
			problems = append(problems, errors.New(field.problem))
		}
	}
	return errors.Join(problems...)
}

// keyBits is the size of a content key; 0 of an encryption that is not known.
func (p Profile) keyBits() int {
	return map[string]int{"A128GCM": 128, "A256GCM": 256}[p.ContentEncryption]
}

func oneOf[T comparable](value T, known ...T) bool { return slices.Contains(known, value) }

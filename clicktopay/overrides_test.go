package clicktopay

import (
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
)

// shown is overrides as text: nil overrides nothing.
func shown(o overrides) string {
	text := ""
	for _, list := range o.lists() {
		if list == nil {
			text += "-;"
			continue
		}
		for _, t := range list {
			text += fmt.Sprintf("%q,", t.Reveal())
		}
		text += ";"
	}
	return text
}

func some(texts ...string) []walletport.Private {
	list := []walletport.Private{}
	for _, text := range texts {
		list = append(list, walletport.NewPrivate(text))
	}
	return list
}

func member(text string) *walletport.Private {
	p := walletport.NewPrivate(text)
	return &p
}

// TestOverridesHaveOneForm: requests are accepted by one release and sent by the next, so the
// bytes are those of the comment, written down here.
func TestOverridesHaveOneForm(t *testing.T) {
	for _, c := range []struct {
		name string
		o    overrides
		hex  string
		text string
	}{
		{"nothing", overrides{}, "", "-;-;-;-;-;-;-;-;-;"},
		{"two e-mails", overrides{customer: Overrides{Emails: some("a@b.co", "")}}, "01" + "03" + "0006" + "614062" + "2e636f" + "0000" + "0000000000000000", `"a@b.co","",;-;-;-;-;-;-;-;-;`},
		{"no telephone number", overrides{customer: Overrides{Phones: some()}}, "01" + "00" + "01" + "00000000000000", "-;;-;-;-;-;-;-;-;"},
		{"city and no line 2", overrides{card: CardOverrides{City: member("Å"), Line2: member("")}}, "01" + "0000" + "00" + "020000" + "00" + "020002c385" + "000000", `-;-;-;"",;-;"Å",;-;-;-;`},
		{"all of an address", overrides{card: CardOverrides{member("1"), member("2"), member("3"), member("4"), member("5"), member("6"), member("7")}},
			"010000" + "02000131" + "02000132" + "02000133" + "02000134" + "02000135" + "02000136" + "02000137", `-;-;"1",;"2",;"3",;"4",;"5",;"6",;"7",;`},
	} {
		t.Run(c.name, func(t *testing.T) {
			encoded, err := encodeOverrides(c.o)
			if err != nil || hex.EncodeToString(encoded) != c.hex || cap(encoded) != len(encoded) {
				t.Fatalf("%x of %d bytes, %v", encoded, cap(encoded), err)
			}
			decoded, err := decodeOverrides(encoded)
			if err != nil || shown(decoded) != c.text || shown(c.o) != c.text {
				t.Errorf("%s, %v", shown(decoded), err)
			}
			decoded.wipe()
			for _, list := range decoded.lists() {
				for _, text := range list {
					if !text.IsZero() {
						t.Error("something outlives wipe")
					}
				}
			}
			if got, want := decoded.nameOf("consumerInformation.emails[0]"), c.o.nameOf("consumerInformation.emails[0]"); got != want {
				t.Errorf("after it the name is %q, before it %q", got, want)
			}
		})
	}
	for _, o := range []overrides{{customer: Overrides{Emails: make([]walletport.Private, 255)}}, {card: CardOverrides{City: member(string(make([]byte, 65536)))}}} {
		if _, err := encodeOverrides(o); err == nil {
			t.Error("what does not fit is cut")
		}
	}
}

// FuzzDecodeOverrides: whatever is read is written as the same bytes, so that nothing has two
// forms, and everything else is refused.
func FuzzDecodeOverrides(f *testing.F) {
	for _, o := range []overrides{
		{}, {customer: Overrides{Emails: some("a@b.co"), Phones: some("33123456789", "1")}}, {card: CardOverrides{City: member("Lyon"), Country: member("FRA")}},
	} {
		encoded, err := encodeOverrides(o)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	for _, text := range []string{"02000000000000000000", "01000000000000000000", "0100000000000000000000", "01ff", "0102ffff", "010000030001410001420000000000", "01000001000000000000"} {
		bytes, err := hex.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, from []byte) {
		o, err := decodeOverrides(from)
		if err != nil {
			if shown(o) != shown(overrides{}) {
				t.Error("half of it is there")
			}
			return
		}
		again, err := encodeOverrides(o)
		isNothing := shown(o) == shown(overrides{})
		if err != nil || !isNothing && !cmp.Equal(again, from) || isNothing && len(from) > 0 {
			t.Errorf("%x was read, and is written as %x, %v", from, again, err)
		}
	})
}

// TestNames: what Visa names, by the names of whoever asked.
func TestNames(t *testing.T) {
	o := overrides{customer: Overrides{Emails: some("a@b.co")}, card: CardOverrides{City: member("Lyon")}}
	for theirs, ours := range map[string]string{
		"consumerInformation.emails":                        "overrides.emails",
		"consumerInformation.emails[1]":                     "overrides.emails[1]",
		"consumerInformation.phones[0]":                     "customer.phones[0]",
		"consumerInformation.firstName":                     "customer.firstName",
		"consumerInformation.countryCode":                   "customer.country",
		"consumerInformation.consent.version":               "customer.consentVersion",
		"consumerInformation.consent.presenter":             "customer.consentPresenter",
		"consumerInformation.consent.timeOfConsent":         "customer.consentTime",
		"consumerInformation.externalConsumerID":            "customerId",
		"consumerInformation.externalConsumerIDOwnerBID":    "customerBID",
		"paymentInstruments[0].accountNumber":               "card.pan",
		"paymentInstruments[0].nameOnCard":                  "card.cardholderName",
		"paymentInstruments[0].expirationDate":              "card.expiry",
		"paymentInstruments[0].billingAddress.city":         "cardOverrides.city",
		"paymentInstruments[0].billingAddress.country":      "customer.address.country",
		"paymentInstruments[0].billingAddress.addressLine1": "customer.address.addressLine1",
		"paymentInstruments[0].cardType":                    "card.cardType",
		"paymentInstruments":                                "paymentInstruments",
		"products[0]":                                       "products[0]",
		"":                                                  "",
	} {
		if got := o.nameOf(theirs); got != ours {
			t.Errorf("%s is %s, want %s", theirs, got, ours)
		}
	}
}

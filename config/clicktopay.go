package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	visaclicktopay "github.com/walletport/walletport/scheme/vts/clicktopay"
)

// ClickToPay is the enrolment of cardholders for Click to Pay.
type ClickToPay struct {
	Visa VisaClickToPay `setting:"visa"`
	clicktopay.Settings
}

// VisaClickToPay is Visa's ID and Credential API. Without a URL it is switched off.
type VisaClickToPay struct {
	visaclicktopay.Config
	Line
	BIDs map[string][]string `setting:"bids"` // the ids (Visa Business Identifier) that the card issuer of this name enrols its customers with, each 1 to 8 letters and digits and of no other issuer; an issuer without any enrols nobody
}

// ClickToPaySetting is the section of Visa's interface.
const ClickToPaySetting = "clicktopay.visa"

// Enabled reports whether the interface is called.
func (c VisaClickToPay) Enabled() bool { return c.BaseURL != "" }

// OfIssuers returns the BIDs by issuer.
func (c VisaClickToPay) OfIssuers() map[walletport.IssuerID][]string {
	all := make(map[walletport.IssuerID][]string, len(c.BIDs))
	for name, bids := range c.BIDs {
		all[walletport.IssuerID(name)] = bids
	}
	return all
}

func defaultClickToPay() ClickToPay {
	return ClickToPay{Visa: VisaClickToPay{Config: visaclicktopay.Config{Profile: visaclicktopay.DefaultProfile()}}}
}

func (c ClickToPay) withDefaults() ClickToPay {
	c.Visa.fillIn()
	c.Settings = c.WithDefaults()
	return c
}

// validateClickToPay also looks at what is switched off, as validateSchemes does.
func (c Config) validateClickToPay() error {
	visa := c.ClickToPay.Visa
	problems := []error{
		at("clicktopay", c.ClickToPay.Validate()),
		at(ClickToPaySetting, errors.Join(at("profile", visa.Profile.Validate()), visa.validate(), visa.checkBIDs())),
	}
	if !visa.Enabled() {
		return errors.Join(problems...)
	}
	problems = append(problems, at(ClickToPaySetting, errors.Join(visa.Validate(), checkPlace(visa.BaseURL))),
		at("clicktopay.portfolio", c.ClickToPay.Portfolio.CheckBIDs(visa.OfIssuers())))
	if len(visa.BIDs) == 0 {
		problems = append(problems, errors.New(ClickToPaySetting+".bids: no issuer has an id to enrol its customers with"))
	}
	// A read that the API's own limit ends first would be answered as a failure of ours, not as
	// clicktopay_busy.
	wait, limit := c.ClickToPay.Settings.WithDefaults().ReadWait, c.API.WithDefaults().Limits.RequestTime
	if wait >= limit {
		problems = append(problems, fmt.Errorf("clicktopay.read_wait: %s, which is not below api.limits.request_time, %s", wait, limit))
	}
	return errors.Join(problems...)
}

// checkBIDs reports ids that Visa cannot have given, and those by which two issuers could
// change each other's consumers.
func (c VisaClickToPay) checkBIDs() error {
	var problems []error
	owners := map[string]string{}
	for _, issuer := range slices.Sorted(maps.Keys(c.BIDs)) {
		section := "bids." + issuer
		problems = append(problems, issuerNameFault(section, issuer))
		if len(c.BIDs[issuer]) == 0 {
			problems = append(problems, errors.New(section+": is empty: an issuer that enrols nobody is left out"))
		}
		for i, bid := range c.BIDs[issuer] {
			owner, taken := owners[bid]
			switch rule := walletport.BIDRule(bid); {
			case rule != "":
				problems = append(problems, fmt.Errorf("%s[%d]: %s", section, i, rule))
			case taken && owner == issuer:
				problems = append(problems, fmt.Errorf("%s[%d]: %s stands twice", section, i, bid))
			case taken:
				problems = append(problems, fmt.Errorf("%s[%d]: %s is an id of %s already", section, i, bid, owner))
			default:
				owners[bid] = issuer
			}
		}
	}
	return errors.Join(problems...)
}

package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/scheme/mdes/customerservice"
	"github.com/walletport/walletport/scheme/vts/tokenapi"
)

// Schemes is the interfaces of the schemes that the server calls.
type Schemes struct {
	MDES MDES `setting:"mdes"`
	VTS  VTS  `setting:"vts"`
}

// MDES is the interfaces of Mastercard.
type MDES struct {
	CustomerService CustomerService `setting:"customer_service"`
}

// CustomerService is Mastercard's Customer Service API. Without a URL it is switched off.
type CustomerService struct {
	customerservice.Config
}

// VTS is the interfaces of Visa.
type VTS struct {
	TokenAPI TokenAPI `setting:"token_api"`
}

// TokenAPI is Visa's token API. Without a URL it is switched off.
type TokenAPI struct {
	tokenapi.Config
}

// Enabled reports whether the interface is called.
func (c CustomerService) Enabled() bool { return c.BaseURL != "" }

// Enabled reports whether the interface is called.
func (c TokenAPI) Enabled() bool { return c.BaseURL != "" }

func defaultSchemes() Schemes {
	return Schemes{
		MDES: MDES{CustomerService{customerservice.Config{Profile: customerservice.DefaultProfile()}}},
		VTS:  VTS{TokenAPI{tokenapi.Config{Profile: tokenapi.DefaultProfile()}}},
	}
}

// The sections of the interfaces.
const (
	CustomerServiceSetting = "schemes.mdes.customer_service"
	TokenAPISetting        = "schemes.vts.token_api"
)

// validateSchemes also holds the waits against each other: a call that is given up before a
// change can say that its outcome is not known would hide the change's id from its caller.
func (c Config) validateSchemes() error {
	err := c.Schemes.validate()
	wait, limit := c.Tokens.WithDefaults().ChangeTimeout, c.API.WithDefaults().Limits.RequestTime
	if c.Schemes.anyEnabled() && wait >= limit {
		err = errors.Join(err, fmt.Errorf("tokens.change_timeout: %s, which is not below api.limits.request_time, %s", wait, limit))
	}
	return err
}

func (c Schemes) anyEnabled() bool {
	return c.MDES.CustomerService.Enabled() || c.VTS.TokenAPI.Enabled()
}

// validate also looks at what is switched off, so that nobody learns of a slip when they
// switch it on.
func (c Schemes) validate() error {
	mdes, vts := c.MDES.CustomerService, c.VTS.TokenAPI
	problems := []error{
		at(CustomerServiceSetting+".profile", mdes.Profile.Validate()),
		at(TokenAPISetting+".profile", vts.Profile.Validate()),
	}
	if mdes.Enabled() {
		problems = append(problems, at(CustomerServiceSetting, errors.Join(mdes.Validate(), checkPlace(mdes.BaseURL))))
	}
	if vts.Enabled() {
		problems = append(problems, at(TokenAPISetting, errors.Join(vts.Validate(), checkPlace(vts.BaseURL))))
	}
	return errors.Join(problems...)
}

// checkPlace refuses an address at which somebody on the way could answer. Of one that is no
// address Validate tells.
func checkPlace(address string) error {
	if strings.HasPrefix(address, "http:") && !outbound.IsSafeURL(address) {
		return errors.New("url: https, or http on loopback")
	}
	return nil
}

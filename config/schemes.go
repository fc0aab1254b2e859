package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/outbound/exchange"
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
	Line
}

// VTS is the interfaces of Visa.
type VTS struct {
	TokenAPI TokenAPI `setting:"token_api"`
}

// TokenAPI is Visa's token API. Without a URL it is switched off.
type TokenAPI struct {
	tokenapi.Config
	Line
}

// Line is what bounds the calls of an interface.
type Line struct {
	Limits  outbound.Limits  `setting:"limits"`
	Caps    outbound.Caps    `setting:"caps"`
	Breaker outbound.Breaker `setting:"breaker"`
	Retries exchange.Retries `setting:"retries"`
}

// fillIn gives what is zero the values that are in force.
func (l *Line) fillIn() {
	*l = Line{l.Limits.WithDefaults(), l.Caps.WithDefaults(), l.Breaker.WithDefaults(), l.Retries.WithDefaults()}
}

func (l Line) validate() error {
	return errors.Join(
		at("limits", l.Limits.Validate()), at("caps", l.Caps.Validate()), at("breaker", l.Breaker.Validate()), at("retries", l.Retries.Validate()))
}

// Enabled reports whether the interface is called.
func (c CustomerService) Enabled() bool { return c.BaseURL != "" }

// Enabled reports whether the interface is called.
func (c TokenAPI) Enabled() bool { return c.BaseURL != "" }

func defaultSchemes() Schemes {
	return Schemes{
		MDES: MDES{CustomerService{Config: customerservice.Config{Profile: customerservice.DefaultProfile()}}},
		VTS:  VTS{TokenAPI{Config: tokenapi.Config{Profile: tokenapi.DefaultProfile()}}},
	}
}

func (c Schemes) withDefaults() Schemes {
	c.MDES.CustomerService.fillIn()
	c.VTS.TokenAPI.fillIn()
	return c
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
		at(CustomerServiceSetting, errors.Join(at("profile", mdes.Profile.Validate()), mdes.validate())),
		at(TokenAPISetting, errors.Join(at("profile", vts.Profile.Validate()), vts.validate())),
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

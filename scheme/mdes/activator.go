package mdes

import (
	"errors"
	"fmt"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// tokenRefChars is the length of a tokenUniqueReference that a caller names [S2,
// S3, S10]. The TAVs that are read may have any length up to maxTokenRefChars.
const tokenRefChars = 48

// Activator makes TAVs alone, Mastercard's activation data. It is immutable and
// safe for concurrent use.
type Activator struct {
	aboutCard  tavFormat
	aboutToken tavFormat
}

var _ scheme.Activator = (*Activator)(nil)

// NewActivator checks the profile. Its TAVVersion goes for activation data about a
// card, its TokenTAVVersion for those about one token.
func NewActivator(p Profile) (*Activator, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	aboutToken := p
	aboutToken.TAVVersion = p.TokenTAVVersion
	if !slices.Contains(p.TAVFieldOrder, fieldTokenRef) {
		aboutToken.TAVFieldOrder = append(slices.Clone(p.TAVFieldOrder), fieldTokenRef)
	}
	return &Activator{aboutCard: newTAVFormat(p), aboutToken: newTAVFormat(aboutToken)}, nil
}

// NewTAV2Activator makes TAVs of version 2 whatever the profile says, for the calls
// that promise that version.
func NewTAV2Activator(p Profile) (*Activator, error) {
	p.TAVVersion, p.TokenTAVVersion = 2, 2
	return NewActivator(p)
}

// Scheme returns walletport.Mastercard.
func (a *Activator) Scheme() walletport.SchemeID { return walletport.Mastercard }

// ActivationData returns the TAV's JSON. Its standard base64, at most 2048
// characters, is the TAV string, as Sealer.SignTAV has it. It needs Card, Signer and
// Now; a TokenUniqueReference binds the TAV to that token. Errors by class:
//
//   - CodeInvalid, token_unique_reference_malformed: not 48 ASCII letters and digits
//   - the rest as of Sealer.SealCard
func (a *Activator) ActivationData(in scheme.ActivationInput) ([]byte, error) {
	if in.Now.IsZero() || in.Signer.Key == nil {
		return nil, errors.New("mdes: ActivationInput needs Now and Signer")
	}
	if err := checkCard(in.Card); err != nil {
		return nil, err
	}
	format := a.aboutCard
	if in.TokenUniqueReference != "" {
		if len(in.TokenUniqueReference) != tokenRefChars || !walletport.IsAlnum(in.TokenUniqueReference, "") {
			return nil, errTokenRef()
		}
		format = a.aboutToken
	}
	return format.signJSON(scheme.SealInput{
		Card:                 in.Card,
		Signer:               in.Signer,
		TokenUniqueReference: in.TokenUniqueReference,
		Now:                  in.Now,
		Rand:                 in.Rand,
	})
}

func errTokenRef() *walletport.Error {
	return walletport.ErrField("token_unique_reference_malformed", "tokenUniqueReference", "has 48 ASCII letters and digits")
}

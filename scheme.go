package walletport

// SchemeID names a card scheme. The values are those of sandbox.json and of the
// card import.
type SchemeID string

// The schemes walletport knows.
const (
	Mastercard SchemeID = "MASTERCARD"
	Visa       SchemeID = "VISA"
)

// ParseSchemeID reads a scheme's name, case-sensitive.
func ParseSchemeID(text string) (SchemeID, error) {
	switch id := SchemeID(text); id {
	case Mastercard, Visa:
		return id, nil
	}
	return "", Errorf(CodeInvalid, "scheme_unknown", "the scheme is MASTERCARD or VISA")
}

// schemeOf applies the issuer identification ranges of ISO/IEC 7812: Visa 4;
// Mastercard 51-55 and 2221-2720.
func schemeOf(digits []byte) (SchemeID, error) {
	if len(digits) < 4 {
		return "", Errorf(CodeInvalid, "pan_scheme", "the PAN belongs to no supported scheme")
	}
	first4 := int(digits[0]-'0')*1000 + int(digits[1]-'0')*100 + int(digits[2]-'0')*10 + int(digits[3]-'0')
	switch {
	case digits[0] == '4':
		return Visa, nil
	case first4 >= 5100 && first4 <= 5599, first4 >= 2221 && first4 <= 2720:
		return Mastercard, nil
	}
	return "", Errorf(CodeInvalid, "pan_scheme", "the PAN belongs to no supported scheme (Mastercard 51-55, 2221-2720; Visa 4)")
}

package cardfile

import (
	"bytes"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault/rowfile"
)

// The rules below say what a value most likely is and what to do, and never repeat it.

// PANRule says why text is no PAN; err is ParsePAN's.
func PANRule(text []byte, err error) string {
	if rule := rowfile.SpoiledRule(text); rule != "" {
		return rule
	}
	switch {
	case len(bytes.Trim(text, "#")) == 0:
		return "is a spreadsheet's sign for a column too narrow: its digits are lost. Widen the column, or export it as text"
	case bytes.HasPrefix(text, []byte("=")):
		return "is a spreadsheet's formula: write the digits alone"
	case bytes.ContainsAny(text, "*\u2022xX"):
		return "is masked: write all digits, or leave the PAN of a stored card out"
	case !walletport.IsDigits(text) && walletport.IsDigits(bytes.Trim(text, "'\"`\u2018\u2019\u201c\u201d")):
		return "has quotes or a spreadsheet's apostrophe: write the digits alone"
	case isDecimal(text):
		return "is a number with decimals: write the digits alone, as text"
	case isSpacedDigits(text):
		return "has spaces or hyphens: write the digits alone"
	case walletport.ReasonOf(err) == "pan_luhn" && len(text) >= 16 && bytes.HasSuffix(text, []byte("0")):
		return "has a wrong check digit and ends in 0: a spreadsheet keeps 15 digits. Export the column as text"
	}
	switch walletport.ReasonOf(err) {
	case "pan_length":
		return "must have 12 to 19 digits"
	case "pan_luhn":
		return "has a wrong check digit"
	}
	return "must have digits only"
}

const monthForm = "must be two digits, 01 to 12"

// MonthRule says why text is no expiry month; "" for one.
func MonthRule(text []byte) string {
	switch {
	case walletport.IsDigits(text) && len(text) == 2:
		if month := int(text[0]-'0')*10 + int(text[1]-'0'); month < 1 || month > 12 {
			return monthForm
		}
		return ""
	case walletport.IsDigits(text) && len(text) == 1:
		return monthForm + ": a spreadsheet drops the leading zero, export the column as text"
	}
	return dateRule(text, monthForm)
}

const yearForm = "must be four digits, 2000 to 2099"

// YearRule says why text is no expiry year; "" for one.
func YearRule(text []byte) string {
	switch {
	case walletport.IsDigits(text) && len(text) == 4:
		if string(text[:2]) != "20" {
			return yearForm
		}
		return ""
	case walletport.IsDigits(text) && len(text) == 2:
		return yearForm + ": write the century too"
	}
	return dateRule(text, yearForm)
}

func dateRule(text []byte, form string) string {
	const dayDigits = 5 // of the days since 1900, as a spreadsheet counts
	switch {
	case walletport.IsDigits(bytes.TrimSpace(text)) && !walletport.IsDigits(text):
		return form + ": there are blanks around it"
	case walletport.IsDigits(text[:min(dayDigits, len(text))]) && (len(text) == dayDigits || isDecimal(text) && !walletport.IsDigits(text[:dayDigits+1])):
		return form + ": this is a spreadsheet's number of a day, export the column as text"
	case walletport.IsDigits(text) && (len(text) == 4 || len(text) == 6):
		return form + ": this has month and year, which are two columns"
	case isDecimal(text):
		return form + ": this is a number with decimals, export the column as text"
	case bytes.ContainsAny(text, "/-. ") && bytes.ContainsAny(text, "0123456789"):
		return form + ": this is a date, or month and year, which are two columns. Export the columns as text"
	}
	return form
}

// StatusRule says what to write where a status is written otherwise; "" for what is no
// status at all.
func StatusRule(text []byte) string {
	plain := rowfile.PlainName(text)
	for _, status := range walletport.CardStatuses() {
		word := rowfile.PlainName([]byte(status))
		if plain != "" && (plain == word || "card"+plain == word) {
			return "must be written " + string(status)
		}
	}
	return ""
}

// isDecimal knows digits with zeros behind a point or comma.
func isDecimal(text []byte) bool {
	whole, fraction, found := bytes.Cut(bytes.Replace(text, []byte(","), []byte("."), 1), []byte("."))
	return found && walletport.IsDigits(whole) && len(bytes.Trim(fraction, "0")) == 0
}

// isSpacedDigits knows digits with what people write between or around their groups.
func isSpacedDigits(text []byte) bool {
	return !walletport.IsDigits(text) && len(text) > 0 && len(bytes.Trim(text, "0123456789 -._/\t\u00a0\u2010\u2011\u2013")) == 0
}

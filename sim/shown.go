package sim

import "strconv"

// maxShownBytes and maxShownDigits bound what is repeated of foreign text: a
// member's name or an unknown constant, never anything that could be a PAN.
const (
	maxShownBytes  = 40
	maxShownDigits = 7
)

// Shown quotes foreign text for a detail, or withholds it.
func Shown(text string) string {
	digits := 0
	for _, r := range text {
		if r < ' ' || r > '~' {
			return "(withheld)"
		}
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if len(text) > maxShownBytes || digits > maxShownDigits {
		return "(withheld)"
	}
	return strconv.Quote(text)
}

// maxNameDigits is more than any member's name has, and less than could be a part of a
// PAN worth having.
const maxNameDigits = 4

// shownName returns the name of a foreign member, or withholds it.
func shownName(name string) string {
	digits := 0
	for _, r := range name {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' && r != '-':
			return "(withheld)"
		}
	}
	if name == "" || len(name) > maxShownBytes || digits > maxNameDigits {
		return "(withheld)"
	}
	return name
}

package clicktopay

import (
	"bytes"

	"github.com/walletport/walletport"
)

// This file alone looks into personal texts, and into no card number.

// plain returns a text that the scheme's contract has as a string, such as a country.
func plain(text walletport.Private) string { return string(text.Reveal()) }

func lengthOf(text walletport.Private) int { return len(text.Reveal()) }

func appendText(to []byte, text walletport.Private) []byte { return append(to, text.Reveal()...) }

// wholeName is the first and the last name of a customer, in bytes of its own.
func wholeName(c *walletport.Customer) walletport.Private {
	first, last := c.FirstName.Reveal(), c.LastName.Reveal()
	name := make([]byte, 0, len(first)+1+len(last))
	name = append(name, first...)
	if len(first) > 0 && len(last) > 0 {
		name = append(name, ' ')
	}
	name = append(name, last...)
	defer clear(name)
	return walletport.NewPrivate(name)
}

// inOrder puts texts into an order, for comparisons that it does not matter to.
func inOrder(a, b walletport.Private) int { return bytes.Compare(a.Reveal(), b.Reveal()) }

func isSame(a, b walletport.Private) bool { return a.Equal(b) }

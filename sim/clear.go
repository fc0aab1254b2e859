package sim

import (
	"bytes"
	"cmp"
	"slices"
)

// What a reader says of card data that is not behind the encryption.
var (
	// ClearCardData comes before every other fault: whatever else is right, the card is out.
	ClearCardData = Kind{Code: "clear_card_data", Remedy: "send card data inside of the encryption only: take what is named out, and treat every log and queue that the payload passed as having held it"}
	// NotEncrypted is for a member that should hold ciphertext.
	NotEncrypted = Kind{Code: "not_encrypted", Remedy: "encrypt the card data before encoding them: what should be ciphertext can be read without a key"}
)

// Clear collects what anyone can read of a payload without a key, and finds card data
// in it: the PAN that was opened, wherever and however it is written; what reads like
// a PAN of Mastercard or Visa; and members for the expiry, the cardholder's name and
// the security code, which no format has outside of the encryption. Encodings that a
// reader would undo are undone, one below the other.
//
// Ids are digits too, so a member that is called as ids are called holds a PAN only if
// it is the very one that was opened. The zero value is ready to use.
type Clear struct {
	// Sealed names the members that hold ciphertext, at any depth: JSON in one of them
	// is NotEncrypted.
	Sealed []string
	// Elsewhere names top members of a collected text that another reader judges. Find
	// does not look into them.
	Elsewhere []string

	parts []part
}

// part is a text of the payload that anyone can read, or that should be ciphertext.
type part struct {
	name     string
	text     []byte
	isSealed bool
	isOpen   bool // it should be ciphertext, and a reader has found that it is not
}

// Add collects a text in clear. The name says where it stands; "" is the payload. What
// Unwrap takes off it is searched as well.
func (c *Clear) Add(name string, text []byte) {
	inner, notes := Unwrap(text)
	if len(notes) == 0 {
		c.parts = append(c.parts, part{name: name, text: text})
		return
	}
	c.parts = append(c.parts, part{name: name, text: []byte(inner)})
	if before, after, found := bytes.Cut(text, []byte(inner)); found {
		c.parts = append(c.parts, part{name: "what stands around the payload", text: slices.Concat(before, after)})
	}
}

// AddSealed collects what should be ciphertext, as text or as bytes.
func (c *Clear) AddSealed(name string, text []byte) {
	c.parts = append(c.parts, part{name: name, text: text, isSealed: true})
}

// AddOpen collects what should be ciphertext and is the format's own clear text.
func (c *Clear) AddOpen(name string) {
	c.parts = append(c.parts, part{name: name, isOpen: true})
}

// Judge closes the search as a rule of a checklist. Numbers are the PANs that were
// opened, if any; empty ones count for nothing.
func (c *Clear) Judge(list *Checklist, check string, numbers ...CardNumber) {
	if f := c.Find(numbers...); f != nil {
		list.Fail(check, f.Kind, "%s", f.Detail)
	}
	list.Pass(check, "nothing of the card stands in clear")
}

// Find returns the first card data in clear, else the first text that should be
// ciphertext and is not, else nil. The detail says where it stands, never what it is.
func (c *Clear) Find(numbers ...CardNumber) *Finding {
	s := search{sealed: foldAll(c.Sealed), left: maxSearchedBytes}
	for _, number := range numbers {
		s.know(number.Clear())
	}
	elsewhere := foldAll(c.Elsewhere)
	for _, p := range c.parts {
		s.elsewhere = elsewhere
		switch at := (spot{where: p.name}); {
		case p.isOpen:
			s.unseal(at)
		case p.isSealed:
			s.searchSealed(at, p.text)
		default:
			s.searchText(at, p.text, 0)
		}
	}
	return cmp.Or(s.exposed, s.unsealed)
}

// maxSearchedBytes bounds the work on one payload, all its layers taken together. It
// is 16 times the largest payload that any reader takes.
const maxSearchedBytes = 8 << 20

// search is the state of one Find.
type search struct {
	sealed, elsewhere []string
	known             []knownNumber
	left              int // bytes that may still be searched

	exposed, unsealed *Finding
}

// spot is where a text stands.
type spot struct {
	where string // "" is the payload itself
	isID  bool   // of a member that holds an id
	inner bool   // below the top members of its part
}

// in returns the spot of a member.
func (p spot) in(name string) spot {
	where := shownName(name)
	if p.where != "" {
		where = p.where + "." + where
	}
	return spot{where: where, isID: p.isID || isIDName(fold(name)), inner: true}
}

func (s *search) expose(p spot, what string) {
	if s.exposed == nil {
		s.exposed = &Finding{Kind: ClearCardData, Detail: cmp.Or(p.where, "the payload") + " holds in clear " + what}
	}
}

func (s *search) unseal(p spot) {
	if s.unsealed == nil {
		s.unsealed = &Finding{Kind: NotEncrypted, Detail: cmp.Or(p.where, "the payload") + " can be read without a key"}
	}
}

func (s *search) isDone() bool { return s.exposed != nil }

// spend takes the cost of a text off what is left.
func (s *search) spend(n int) bool {
	s.left -= n
	return s.left >= 0
}

// searchSealed judges what should be ciphertext.
func (s *search) searchSealed(p spot, text []byte) {
	if holdsJSON(text, maxLayers) {
		s.unseal(p)
		return
	}
	s.searchText(p, text, 0)
}

// holdsJSON reports whether a JSON object is there to be read, also below encodings.
func holdsJSON(text []byte, layers int) bool {
	if isText(text) && LooksLikeJSON(text) {
		return true
	}
	if layers == 0 {
		return false
	}
	return slices.ContainsFunc(layersOf(text), func(inner []byte) bool { return holdsJSON(inner, layers-1) })
}

package door

import (
	"slices"
	"strings"

	"github.com/go-faster/jx"

	"github.com/walletport/walletport"
)

// Member is a member of a JSON object. Members that a Body or a Group does not name are
// passed over, so that a caller may be newer than this server.
type Member struct {
	Name string
	Kind MemberKind
	// Missing is the code of a body that lacks it, "" for a member that may be absent; of members
	// of a Group absence is not looked at, and it must be "".
	Missing string
	Members []Member // of a Group
}

// MemberKind is the JSON type of a member.
type MemberKind int

// The types of members.
const (
	Text     MemberKind = iota // a string
	TextList                   // an array of strings
	Truth                      // true or false
	// IDList is an array of ids, each a string or a number: the handler gets strings, numbers
	// as they were spelled.
	IDList
	Group // an object
)

// rule says what a member of the kind must be.
func (k MemberKind) rule() string {
	switch k {
	case Text:
		return "must be a string"
	case TextList:
		return "must be a list of strings"
	case Truth:
		return "must be true or false"
	case IDList:
		return "must be a list of strings or numbers"
	case Group:
		return "must be an object"
	}
	return ""
}

// takes reports whether a list of the kind may have an item of a type.
func (k MemberKind) takes(item jx.Type) bool {
	return item == jx.String || k == IDList && item == jx.Number
}

// findings are what is to be said of a body, and done to it.
type findings struct {
	wrong       []walletport.Field
	mustRewrite bool // for members that are null, or numbers of an IDList
}

// members is what an object has of what it should.
type members struct {
	want  []Member
	path  string   // of the object, with a dot at its end; "" is the body
	seen  []int    // how often, in the order of want
	other []string // required members that are there in other letters
	found *findings
}

func newMembers(want []Member, path string, found *findings) *members {
	return &members{want: want, path: path, seen: make([]int, len(want)), found: found}
}

// read reads one member of the object.
func (m *members) read(d *jx.Decoder, name string) error {
	at := indexOf(m.want, name)
	if at < 0 {
		m.noteNearby(name)
		return d.Skip()
	}
	member := m.want[at]
	m.seen[at]++
	switch m.seen[at] {
	case 1:
	case 2: // said once, or an answer could be many times as long as its request
		m.fault(member, "must be given once")
		return d.Skip()
	default:
		return d.Skip()
	}
	if d.Next() == jx.Null { // says of a member that it has no value
		m.found.mustRewrite = true
		if member.Missing != "" {
			m.fault(member, member.Kind.rule()+", and is null")
		}
		return d.Skip()
	}
	fits, err := m.readValue(d, member)
	if err == nil && !fits {
		m.fault(member, member.Kind.rule())
	}
	return err
}

func (m *members) fault(member Member, rule string) {
	m.found.wrong = append(m.found.wrong, walletport.Field{Name: m.path + member.Name, Reason: rule})
}

// readValue reads the value of a member and reports whether it is of its kind.
func (m *members) readValue(d *jx.Decoder, member Member) (fits bool, err error) {
	next := d.Next()
	switch member.Kind {
	case Text:
		return next == jx.String, d.Skip()
	case Truth:
		return next == jx.Bool, d.Skip()
	case Group:
		if next != jx.Object {
			return false, d.Skip()
		}
		return true, d.Obj(newMembers(member.Members, m.path+member.Name+".", m.found).read)
	case TextList, IDList:
		if next != jx.Array {
			return false, d.Skip()
		}
		fits = true
		err = d.Arr(func(d *jx.Decoder) error {
			item := d.Next()
			fits = fits && member.Kind.takes(item)
			m.found.mustRewrite = m.found.mustRewrite || item == jx.Number
			return d.Skip()
		})
		return fits, err
	}
	return false, d.Skip()
}

// indexOf returns the place of a member, -1 if there is none of the name.
func indexOf(want []Member, name string) int {
	return slices.IndexFunc(want, func(m Member) bool { return m.Name == name })
}

// noteNearby looks for a required member that is there in other letters.
func (m *members) noteNearby(name string) {
	for _, member := range m.want {
		if member.Missing != "" && strings.EqualFold(name, member.Name) && !slices.Contains(m.other, member.Name) {
			m.other = append(m.other, member.Name)
		}
	}
}

// missing names the required members that are not there, and returns the first of them.
func (m *members) missing() (missing []walletport.Field, first Member) {
	for at, member := range m.want {
		if member.Missing == "" || m.seen[at] > 0 {
			continue
		}
		rule := "is missing"
		if slices.Contains(m.other, member.Name) {
			rule = "is missing; a member of this name in other letters is there, and names are case-sensitive"
		}
		if len(missing) == 0 {
			first = member
		}
		missing = append(missing, walletport.Field{Name: member.Name, Reason: rule})
	}
	return missing, first
}

// rewritten writes a body again that was checked, for a generated decoder knows neither null
// nor an id that is a number. Members that are not named are left out too.
func rewritten(want []Member, content []byte) ([]byte, error) {
	var e jx.Encoder
	if err := rewriteObject(&e, want, jx.DecodeBytes(content)); err != nil { // check has read it whole
		return nil, ErrBodyMalformed()
	}
	return e.Bytes(), nil
}

func rewriteObject(e *jx.Encoder, want []Member, d *jx.Decoder) error {
	e.ObjStart()
	defer e.ObjEnd()
	return d.Obj(func(d *jx.Decoder, name string) error {
		at := indexOf(want, name)
		if at < 0 || d.Next() == jx.Null {
			return d.Skip()
		}
		e.FieldStart(name)
		return rewriteValue(e, want[at], d)
	})
}

func rewriteValue(e *jx.Encoder, member Member, d *jx.Decoder) error {
	switch member.Kind {
	case Group:
		return rewriteObject(e, member.Members, d)
	case IDList:
		e.ArrStart()
		defer e.ArrEnd()
		return d.Arr(func(d *jx.Decoder) error { return rewriteID(e, d) })
	case Text, TextList, Truth:
	}
	value, err := d.Raw()
	e.Raw(value)
	return err
}

// rewriteID writes a number as a string of the same characters, and a string as it is.
func rewriteID(e *jx.Encoder, d *jx.Decoder) error {
	isNumber := d.Next() == jx.Number
	id, err := d.Raw()
	if isNumber {
		e.Str(string(id))
		return err
	}
	e.Raw(id)
	return err
}

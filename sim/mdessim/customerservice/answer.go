package customerservice

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/walletport/walletport/sim"
)

// object is an answer or a part of it. A member whose value is "" is left out by put.
type object map[string]any

func (o object) put(name, value string) {
	if value != "" {
		o[name] = value
	}
}

// spelling is how one answer writes what may be written in several ways.
type spelling struct {
	hasNumbers bool // digits as JSON numbers, which lose their leading zeros, as in the published examples
	hasOffsets bool // times with an offset instead of Z
}

// spell chooses the spelling of the next answer.
func (s *Service) spell() spelling {
	if s.c.Seed == 0 {
		return spelling{}
	}
	choice := sha256.Sum256(fmt.Append(nil, s.c.Seed, s.answers.Add(1)))[0]
	return spelling{choice&1 == 1, choice&2 == 2}
}

// digits writes a member of digits.
func (p spelling) digits(o object, name, value string) {
	if !p.hasNumbers || !sim.IsDigits(value) {
		o.put(name, value)
		return
	}
	number := strings.TrimLeft(value, "0")
	if number == "" {
		number = "0"
	}
	o[name] = json.Number(number)
}

// time writes a member that is a time, if there is one.
func (p spelling) time(o object, name string, at *time.Time) {
	if at == nil || at.IsZero() {
		return
	}
	if p.hasOffsets {
		o[name] = at.In(time.FixedZone("", -6*60*60)).Format("2006-01-02T15:04:05.000Z07:00")
		return
	}
	o[name] = at.UTC().Format("2006-01-02T15:04:05.000Z")
}

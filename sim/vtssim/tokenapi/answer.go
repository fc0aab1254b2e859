package tokenapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// object is an answer or a part of it. A member whose value is "" is left out by put.
type object map[string]any

func (o object) put(name, value string) {
	if value != "" {
		o[name] = value
	}
}

// spelling is how one answer writes what sources write in several ways.
type spelling struct {
	flipsNumbers  bool // ids as numbers, and month, year and the trace as text or number the other way round
	encodesNames  bool // deviceName in base64
	hasTextIssued bool // iat in seconds as text, instead of milliseconds as a number
}

// spell chooses the spelling of the next answer.
func (s *Service) spell() spelling {
	if s.c.Seed == 0 {
		return spelling{}
	}
	draw := sha256.Sum256(fmt.Appendf(nil, "%d/%d", s.c.Seed, s.answers.Add(1)))
	return spelling{draw[0]&1 != 0, draw[0]&2 != 0, draw[0]&8 != 0}
}

// isOfOtherSet chooses the set of device types for a token, which has one: another type in
// the next answer would be another device.
func (s *Service) isOfOtherSet(reference string) bool {
	if s.c.Seed == 0 {
		return false
	}
	return sha256.Sum256(fmt.Appendf(nil, "%d/%s", s.c.Seed, reference))[0]&1 != 0
}

// digits writes what is a string or, flipped, a number.
func (p spelling) digits(value string) any {
	if p.flipsNumbers {
		return json.Number(value)
	}
	return value
}

// trace writes a lifeCycleTraceID, an integer in the schema.
func (p spelling) trace(value string) any {
	if p.flipsNumbers {
		return value
	}
	return json.Number(value)
}

// expiry writes a month as text and its year as an integer, or both as text.
func (p spelling) expiry(at time.Time) object {
	if p.flipsNumbers {
		return object{"month": at.Format("01"), "year": at.Format("2006")}
	}
	return object{"month": at.Format("01"), "year": at.Year()}
}

func (p spelling) name(text string) string {
	if p.encodesNames {
		return base64.StdEncoding.EncodeToString([]byte(text))
	}
	return text
}

func (p spelling) issuedAt(now time.Time) any {
	if p.hasTextIssued {
		return strconv.FormatInt(now.Unix(), 10)
	}
	return now.UnixMilli()
}

// instant writes a time as VTS does.
func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func (o object) putTime(name string, at *time.Time) {
	if at != nil {
		o[name] = instant(*at)
	}
}

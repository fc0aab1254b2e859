package door

import (
	"cmp"
	"errors"
	"net/netip"
	"time"
)

// Limits bound what a caller may cost. Zero fields take the default.
type Limits struct {
	RequestsPerSecond int           `setting:"requests_per_second"` // of one client; 0 is 50, negative is no limit. Each replica counts for itself
	RequestsPerMinute int           `setting:"requests_per_minute"` // of one client; 0 is 3000, negative is no limit
	FailuresPerMinute int           `setting:"failures_per_minute"` // failed authentications under one client name (or with one token) from one address that are answered 401 and recorded one by one; those beyond are answered 429; 0 is 60, negative is no limit
	RefusalsPerMinute int           `setting:"refusals_per_minute"` // failed authentications of all callers together that are recorded one by one; those beyond are counted, and recorded as one sum a minute for each address. One address may have a quarter of them; 0 is 600, negative is no limit
	BodyBytes         int64         `setting:"body_bytes"`          // of a request; 0 is 64 KiB, at most 16 MiB
	HeaderBytes       int           `setting:"header_bytes"`        // of a request's line and headers; 0 is 32 KiB, at most 1 MiB
	RequestTime       time.Duration `setting:"request_time"`        // until a request that is not done is given up, 503; 0 is 15s, 10ms to 5m
	HeaderTime        time.Duration `setting:"header_time"`         // to send the headers; 0 is 5s, 10ms to 5m
	ReadTime          time.Duration `setting:"read_time"`           // to send the whole request; 0 is 15s, 10ms to 5m, not below header_time
	WriteTime         time.Duration `setting:"write_time"`          // from the headers to the end of the answer; 0 is 30s, 10ms to 5m, not below request_time
	IdleTime          time.Duration `setting:"idle_time"`           // an unused connection is kept; 0 is 2m, 1s to 1h
}

// The bounds of limits: below the least nobody could be served, above the most the
// limit protects nobody.
const (
	minBodyBytes, maxBodyBytes     = 1 << 10, 16 << 20
	minHeaderBytes, maxHeaderBytes = 4 << 10, 1 << 20
	minTime, maxTime               = 10 * time.Millisecond, 5 * time.Minute
	minIdleTime, maxIdleTime       = time.Second, time.Hour
)

// Validate reports everything that is wrong with l, each with the setting's name.
func (l Limits) Validate() error {
	var errs []error
	bound := func(name string, ok bool, rule string) {
		if !ok {
			errs = append(errs, errors.New(name+": "+rule))
		}
	}
	bound("body_bytes", within(l.BodyBytes, minBodyBytes, maxBodyBytes), "1024 to 16777216 (16 MiB), or 0, which is 65536")
	bound("header_bytes", within(l.HeaderBytes, minHeaderBytes, maxHeaderBytes), "4096 to 1048576 (1 MiB), or 0, which is 32768")
	for _, t := range []struct {
		name string
		time time.Duration
	}{{"request_time", l.RequestTime}, {"header_time", l.HeaderTime}, {"read_time", l.ReadTime}, {"write_time", l.WriteTime}} {
		bound(t.name, within(t.time, minTime, maxTime), "10ms to 5m, or 0, which is the default")
	}
	bound("idle_time", within(l.IdleTime, minIdleTime, maxIdleTime), "1s to 1h, or 0, which is 2m")
	d := l.WithDefaults()
	bound("write_time", d.WriteTime >= d.RequestTime, "not below request_time, or answers are cut off")
	bound("read_time", d.ReadTime >= d.HeaderTime, "not below header_time, which is a part of it")
	return errors.Join(errs...)
}

// within reports whether a setting is 0, for its default, or between its bounds.
func within[N int | int64 | time.Duration](n, least, most N) bool {
	return n == 0 || n >= least && n <= most
}

// WithDefaults returns l with what is in force for fields that are zero.
func (l Limits) WithDefaults() Limits {
	return Limits{
		RequestsPerSecond: cmp.Or(l.RequestsPerSecond, 50),
		RequestsPerMinute: cmp.Or(l.RequestsPerMinute, 3000),
		FailuresPerMinute: cmp.Or(l.FailuresPerMinute, 60),
		RefusalsPerMinute: cmp.Or(l.RefusalsPerMinute, 600),
		BodyBytes:         cmp.Or(l.BodyBytes, 64<<10),
		HeaderBytes:       cmp.Or(l.HeaderBytes, 32<<10),
		RequestTime:       cmp.Or(l.RequestTime, 15*time.Second),
		HeaderTime:        cmp.Or(l.HeaderTime, 5*time.Second),
		ReadTime:          cmp.Or(l.ReadTime, 15*time.Second),
		WriteTime:         cmp.Or(l.WriteTime, 30*time.Second),
		IdleTime:          cmp.Or(l.IdleTime, 2*time.Minute),
	}
}

// limiters count what callers do, in sliding windows.
type limiters struct {
	settings                          Limits
	clients                           rates
	failures, refusals, refusalsOfOne *limiter
}

// maxFailureKeys bounds how many callers whose authentication fails are counted one by
// one in a window.
const maxFailureKeys = 1 << 15

func newLimiters(l Limits, clock func() time.Time) limiters {
	return limiters{
		settings:      l,
		clients:       newRates(clock),
		failures:      newLimiter(time.Minute, clock, maxFailureKeys),
		refusals:      newLimiter(time.Minute, clock, 0),
		refusalsOfOne: newLimiter(time.Minute, clock, maxFailureKeys),
	}
}

// client counts a request of an authenticated client and says how long it must
// wait when that is one too many.
func (l limiters) client(id string) (wait time.Duration, over bool) {
	wait = l.clients.take(id, l.settings.RequestsPerSecond, l.settings.RequestsPerMinute)
	return wait, wait > 0
}

// failure counts a failed authentication under the name that was claimed, from the
// caller's address. Only what failed is limited, so good credentials pass whatever
// others try; and only that name's, so a guesser turns nobody else's 401 into 429.
func (l limiters) failure(address, claimed string) (wait time.Duration, over bool) {
	wait = l.failures.take(addressKey(address)+" "+claimed, l.settings.FailuresPerMinute)
	return wait, wait > 0
}

// refusal counts a refusal that is to be recorded, and reports whether there have
// been too many, of all or of the caller's address, for a record of its own.
func (l limiters) refusal(address string) (over bool) {
	all := l.settings.RefusalsPerMinute
	return l.refusalsOfOne.take(addressKey(address), shareOfOne(all)) > 0 || l.refusals.take("", all) > 0
}

// shareOfOne is what one address may have of a limit for all: a flood from one place
// leaves room for what others are refused.
func shareOfOne(limit int) int {
	if limit < 0 {
		return limit
	}
	return max(limit/4, 1)
}

// ipv6SiteBits is what one site usually gets: its hosts count together.
const ipv6SiteBits = 64

func addressKey(host string) string {
	address, err := netip.ParseAddr(host)
	if err != nil || address.Unmap().Is4() {
		return host
	}
	site, err := address.Prefix(ipv6SiteBits)
	if err != nil {
		return host
	}
	return site.String()
}

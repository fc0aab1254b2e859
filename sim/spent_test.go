package sim_test

import (
	"testing"
	"time"

	"github.com/walletport/walletport/sim"
)

func TestATokenIsSpentOnce(t *testing.T) {
	spent, now := sim.NewSpent(time.Minute), time.Now()
	if !spent.Use("first", now, now) || !spent.Use("second", now, now) {
		t.Error("a fresh token was refused")
	}
	if spent.Use("first", now, now.Add(time.Hour)) {
		t.Error("a token was used twice")
	}
}

// TestIsHMAC: the second test case of RFC 4231.
func TestIsHMAC(t *testing.T) {
	const digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	for _, c := range []struct {
		name, secret, text, digest string
		want                       bool
	}{
		{"as it is", "Jefe", "what do ya want for nothing?", digest, true},
		{"another secret", "jefe", "what do ya want for nothing?", digest, false},
		{"another text", "Jefe", "what do ya want for nothing", digest, false},
		{"capitals", "Jefe", "what do ya want for nothing?", "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843", false},
		{"cut", "Jefe", "what do ya want for nothing?", digest[:62], false},
		{"none", "Jefe", "what do ya want for nothing?", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := sim.IsHMAC([]byte(c.secret), []byte(c.text), c.digest); got != c.want {
				t.Errorf("is it: %v", got)
			}
		})
	}
}

package auth

import (
	"net/http"
	"time"
)

// LifetimeOf lets tests read cache headers without waiting for what they say.
func LifetimeOf(h http.Header, now time.Time) time.Duration { return time.Duration(lifetimeOf(h, now)) }

package outbound_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/outbound"
)

// lasting answers each call after a while.
type lasting struct{ took time.Duration }

func (l lasting) RoundTrip(*http.Request) (*http.Response, error) {
	time.Sleep(l.took)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

// TestCallsGetTheirTurnBesideThoseThatYield, of which far more come than the target takes.
func TestCallsGetTheirTurnBesideThoseThatYield(t *testing.T) {
	for _, c := range []struct {
		name string
		caps outbound.Caps
		took time.Duration
	}{
		{"at their rate", outbound.Caps{Concurrent: -1, PerSecond: 100, Burst: 10}, 0},
		{"at their number", outbound.Caps{Concurrent: 20, PerSecond: -1}, time.Second},
		{"at both", outbound.Caps{Concurrent: 20, PerSecond: 100, Burst: 10}, 300 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, err := outbound.Clients{Clock: time.Now, Transport: lasting{c.took}}.To(outbound.Target{Name: "bank", URL: "https://bank.example", Caps: c.caps})
				if err != nil {
					t.Fatal(err)
				}
				over, end := context.WithCancel(t.Context())
				defer end()
				var yielded atomic.Int32
				go func() { // 1000 a second
					for over.Err() == nil {
						go func() {
							_, err := client.Do(t.Context(), outbound.Request{Method: http.MethodPost, URL: "https://bank.example", Yields: true})
							if outbound.OutcomeOf(err) == outbound.OutcomeNoTurn {
								yielded.Add(1)
							}
						}()
						time.Sleep(time.Millisecond)
					}
				}()
				time.Sleep(2 * time.Second)
				for range 20 {
					if _, err := client.Do(t.Context(), outbound.Request{Method: http.MethodPost, URL: "https://bank.example"}); err != nil {
						t.Error(err)
					}
					time.Sleep(37 * time.Millisecond)
				}
				end()
				synctest.Wait()
				time.Sleep(2 * time.Second)
				if yielded.Load() == 0 {
					t.Error("all of those that yield got their turn, so nothing was shown")
				}
			})
		})
	}
}

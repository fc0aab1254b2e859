package server

import (
	"log/slog"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/telemetry"
)

// clickToPayObserver turns what the flow of Click to Pay tells into metrics and log lines.
type clickToPayObserver struct {
	metrics *telemetry.Metrics
	log     *slog.Logger

	lock    sync.Mutex // guards results
	results map[string]bool
}

// maxResults bounds how many results the metrics tell apart: codes are the scheme's, and
// each is a time series of every action.
const maxResults = 50

// otherResult stands for those that came after.
const otherResult = "other"

func (o *clickToPayObserver) Accepted(action walletport.ClickToPayAction, channel storage.RequestChannel) {
	o.metrics.ClickToPayAccepted(string(action), string(channel))
}

func (o *clickToPayObserver) Completed(action walletport.ClickToPayAction, result string, took time.Duration) {
	o.metrics.ClickToPayCompleted(string(action), o.told(result), took)
}

func (o *clickToPayObserver) SweepFailed(err error) {
	o.log.Error("requests of Click to Pay that are no longer kept cannot be deleted; it is tried again", "err", err)
}

// told returns the name of a result in the metrics.
func (o *clickToPayObserver) told(result string) string {
	o.lock.Lock()
	defer o.lock.Unlock()
	if !o.results[result] && len(o.results) >= maxResults {
		return otherResult
	}
	if o.results == nil {
		o.results = map[string]bool{}
	}
	o.results[result] = true
	return result
}

package clicktopaysim

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/walletport/walletport/sim"
)

// Report is what the simulator found in one request. It holds no personal data.
type Report struct {
	Call          string    `json:"call"`
	At            time.Time `json:"at"`
	CorrelationID string    `json:"correlationId"` // as it was quoted, or withheld
	Status        int       `json:"status"`        // of the answer
	Reason        string    `json:"reason,omitempty"`
	sim.Verdict
}

const maxReports = 100

// reports are the last ones, the newest first.
type reports struct {
	mu  sync.Mutex
	all []Report
}

func (r *reports) add(report Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = slices.Insert(r.all, 0, report)
	r.all = r.all[:min(len(r.all), maxReports)]
}

// Reports answers GET with {"requests": […]}, the last hundred, the newest first: which rule
// each broke first, with a remedy. Whoever may read it learns no personal data.
func (s *Service) Reports() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			sim.AllowOnly("GET, HEAD")(w, r)
			return
		}
		s.reports.mu.Lock()
		all := append([]Report{}, s.reports.all...)
		s.reports.mu.Unlock()
		sim.WriteJSON(w, http.StatusOK, map[string][]Report{"requests": all})
	})
}

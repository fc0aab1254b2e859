package server

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

const (
	// openChangesEvery is how often the open changes of tokens and the open requests of Click
	// to Pay are counted.
	openChangesEvery = 15 * time.Second
	// maxOpenChanges is where the count stops.
	maxOpenChanges  = 10_000
	openChangesRows = 500 // of the database at a time
	// changeNotice is how old a change without an outcome is when an operator must know.
	// Its job has asked the scheme several times then.
	changeNotice = 5 * time.Minute
)

// lastFound keeps the warnings of the last look, which is beside requests: readers never wait
// for the database.
type lastFound struct {
	lock  sync.Mutex // guards found
	found []conditionWarning
}

func (l *lastFound) warnings() []conditionWarning {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.found
}

func (l *lastFound) set(found []conditionWarning) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.found = found
}

// openWarnings are those about everything that is open.
func (s *Server) openWarnings() []conditionWarning {
	return slices.Concat(s.openChanges.warnings(), s.openRequests.warnings())
}

// waiting is the changes of a state.
type waiting struct {
	count  int
	oldest time.Duration
	// late are the first tokens of each scheme whose changes have waited for changeNotice.
	late map[walletport.SchemeID][]walletport.TokenID
}

// maxNamed is how many tokens a warning names.
const maxNamed = 3

// add counts the open change of a token.
func (w *waiting) add(row storage.Token, now time.Time) {
	age := now.Sub(row.Change.Since)
	w.count, w.oldest = w.count+1, max(w.oldest, age)
	of := row.Ref.Scheme
	if age < changeNotice || len(w.late[of]) > maxNamed {
		return
	}
	if w.late == nil {
		w.late = map[walletport.SchemeID][]walletport.TokenID{}
	}
	w.late[of] = append(w.late[of], row.ID)
}

// named lists tokens for a warning. How many more there are is not told: each number would
// be a warning of its own.
func named(ids []walletport.TokenID) string {
	names := make([]string, 0, len(ids))
	for _, id := range ids[:min(len(ids), maxNamed)] {
		names = append(names, id.String())
	}
	if len(ids) > maxNamed {
		names = append(names, "others")
	}
	return strings.Join(names, ", ")
}

// watchOpenChanges counts the open changes for the metrics and warns of what takes too
// long. What the database does not tell now stays as it was found before.
func (s *Server) watchOpenChanges(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, openChangesEvery)
	defer cancel()
	open, err := s.countOpenChanges(ctx)
	if err != nil {
		s.log.Debug("open changes of tokens were not counted", "err", err)
		return
	}
	var found findings
	for state, w := range open {
		s.metrics.TokenChangesOpen(string(state), w.count, w.oldest)
		for _, of := range slices.Sorted(maps.Keys(w.late)) {
			found.warn("token_change_open", nil, "changes of tokens of %s have been %s for more than %s (token ids: %s): the scheme did not say what became of them, or nobody asked; walletport tokens open lists them",
				of, state, changeNotice, named(w.late[of]))
		}
	}
	for _, kind := range s.jobKinds {
		depth, err := s.Database.JobDepth(ctx, kind)
		if err != nil {
			return
		}
		if depth.Parked > 0 {
			found.warn("jobs_parked", nil, "jobs of the kind %s are parked: walletport jobs list", kind)
		}
	}
	s.openChanges.set(found.warnings)
}

// countOpenChanges counts by state, those without any change too.
func (s *Server) countOpenChanges(ctx context.Context) (map[storage.ChangeState]waiting, error) {
	now, err := s.Database.Now(ctx)
	if err != nil {
		return nil, err
	}
	open := map[storage.ChangeState]waiting{storage.ChangeAsked: {}, storage.ChangeUnknown: {}}
	after := walletport.TokenID(0)
	for counted := 0; counted < maxOpenChanges; {
		rows, err := s.Database.TokensInChange(ctx, after, openChangesRows)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			w := open[row.Change.State]
			w.add(row, now)
			open[row.Change.State], after = w, row.ID
		}
		counted += len(rows)
		if len(rows) < openChangesRows {
			break
		}
	}
	return open, nil
}

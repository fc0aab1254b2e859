package register

import "time"

// Truth is what the register knows of a consumer.
type Truth struct {
	Consumer Consumer // as it is now, Running included
	History  []Entry
	// Met is how many requests met one that ran, or another writer, since the process began.
	Met int
	// Overlaps is how many writes came while a request ran, ever.
	Overlaps int
}

// Entry is one thing that was done to a consumer.
type Entry struct {
	Deed
	// TraceID and CorrelationID are of a request.
	TraceID, CorrelationID string
	// EndedAt, Details and TookEffect are of a request that has ended.
	EndedAt    *time.Time
	Details    []Detail
	TookEffect bool
}

// Truth tells of a consumer, or that nothing was ever done to it. Errors: those of Accept.
func (r *Register) Truth(name Name) (t Truth, ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.truth(r.reference(name))
}

// Truths tells of every consumer, the oldest first. Errors: those of Accept.
func (r *Register) Truths() (all []Truth, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, last := range r.ledger.All() {
		t, _, err := r.truth(last.Consumer)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func (r *Register) truth(reference string) (t Truth, ok bool, err error) {
	versions := r.ledger.Versions(reference)
	if len(versions) == 0 {
		return t, false, nil
	}
	now := r.c.Now()
	last, err := r.open(versions[len(versions)-1])
	if err != nil {
		return t, false, err
	}
	t = Truth{Met: r.met[reference]}
	t.Consumer, _ = last.at(now)
	ran := map[string]int{} // of each request, its place in the history
	for _, l := range versions {
		if l.IsOverlap {
			t.Overlaps++
			continue
		}
		c, err := r.open(l)
		if err != nil {
			return t, false, err
		}
		entry := Entry{Deed: l.Deed}
		if l.Deed.By == Issuer {
			entry.TraceID, entry.CorrelationID = l.TraceID, c.Running.Change.CorrelationID
			ran[l.TraceID] = len(t.History)
		}
		t.History = append(t.History, entry)
		if place, isRequest := ran[l.TraceID]; isRequest { // a later version of one that ran counts
			asked := &t.History[place]
			asked.EndedAt, asked.Details, asked.TookEffect = nil, nil, false
			if _, end := c.at(now); end != nil {
				asked.EndedAt, asked.Details, asked.TookEffect = &c.Running.EndsAt, end.details, end.tookEffect
			}
		}
	}
	return t, true, nil
}

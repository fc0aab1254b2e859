package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/keys"
)

// ErrWitnessAway says that a witness was not reached, or did not answer in time.
var ErrWitnessAway = errors.New("the witness does not answer")

// WitnessFault returns why Cosign failed, one of a few words for metrics and the log:
// witness_refused, witness_lied or witness_away where it is the witness's doing, and else the
// reason of the error, which is of the database or of what is stored.
func WitnessFault(err error) string {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return string(refusal.Kind)
	}
	if errors.Is(err, ErrWitnessAway) {
		return "witness_away"
	}
	return walletport.ReasonOf(err)
}

// WitnessSettings is a witness that a server asks. It is for whoever runs it to say that it
// is not in the hands of whoever runs the server.
type WitnessSettings struct {
	Key string `setting:"key"` // name and public key, as the witness publishes them: NAME+ID+KEY, of Ed25519 cosignatures
	URL string `setting:"url"` // its submission prefix, without add-checkpoint; https, or http on loopback
}

// Witness returns the witness that is named.
func (s WitnessSettings) Witness() (*note.Witness, error) { return note.ParseWitness(s.Key) }

// checkWitnesses reports keys that are none, and those that stand twice.
func checkWitnesses(witnesses []WitnessSettings) error {
	var problems []error
	seen := make(map[string]bool)
	for i, s := range witnesses {
		w, err := s.Witness()
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("witnesses[%d].key: %w", i, err))
		case seen[w.ID()]:
			problems = append(problems, fmt.Errorf("witnesses[%d].key: %s stands twice", i, w.ID()))
		default:
			seen[w.ID()] = true
		}
	}
	return errors.Join(problems...)
}

// AskedWitness is a witness and how it is asked.
type AskedWitness struct {
	*note.Witness
	Submit Submit
}

// WitnessObserver is told what witnesses confirm. It is called from a goroutine for each.
type WitnessObserver interface {
	// Cosigned tells of the newest note that a witness confirmed, at each look: of how many
	// records it is, and when that was, by the witness's clock. The first one, and one that
	// comes after a *Refusal, is what the witness answered itself just now; others may be
	// what stands in the database, where another replica keeps what it was answered.
	Cosigned(w *note.Witness, size int64, at time.Time)
	// NotCosigned tells that a witness did not confirm the newest note, or was not asked
	// because of the database. See WitnessFault. A *Refusal is the witness's own, and holds
	// until Cosigned: neither a witness that is away nor a database takes it back.
	NotCosigned(w *note.Witness, err error)
	// NothingToConfirm tells, at each look, that the trail has no record yet.
	NothingToConfirm(w *note.Witness)
}

// Witnessing has witnesses confirm the notes of a trail beside everything else: nothing
// waits for them. All members are required.
type Witnessing struct {
	Store     WitnessStore
	Keys      keys.Source // whose notes are shown
	Clock     func() time.Time
	Observer  WitnessObserver
	Settings  Settings
	Witnesses []AskedWitness
}

const (
	// maxWitnessPause is the longest time in which a witness that confirms nothing is left alone.
	maxWitnessPause = 15 * time.Minute
	// witnessTime bounds one look, with all questions that it takes.
	witnessTime = 2 * time.Minute
)

// Run asks each witness until ctx ends, and returns nil. It may run in several replicas: what
// one of them was answered is in the database, and the others do not ask for it again. Each
// asks once itself when it begins, and again and again after a refusal, for whoever can write
// the database could let it say that an older note, which was confirmed, is the newest.
func (w *Witnessing) Run(ctx context.Context) error {
	settings := w.Settings.WithDefaults()
	var all sync.WaitGroup
	for _, asked := range w.Witnesses {
		all.Go(func() { w.ask(ctx, settings, asked) })
	}
	<-ctx.Done()
	all.Wait()
	return nil
}

// ask looks after one witness. Each look that fails doubles the time to the next. What the
// database says is believed once the witness itself has confirmed something, and no longer
// than until it refuses.
func (w *Witnessing) ask(ctx context.Context, settings Settings, asked AskedWitness) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	next, believed := settings.WitnessInterval, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		size, err := w.look(ctx, settings, asked, believed)
		_, refused := errors.AsType[*Refusal](err)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			believed = believed || size > 0
			next = settings.WitnessInterval
		default:
			believed = believed && !refused
			w.Observer.NotCosigned(asked.Witness, err)
			next = max(settings.WitnessInterval, min(2*next, maxWitnessPause))
		}
		pause.Reset(next)
	}
}

// look has a witness confirm the newest note, unless the database is believed that it has
// done so, here or for another replica, and not so long ago that it is to be asked again. It
// returns the size of the note that is confirmed, or 0 while there is no note.
func (w *Witnessing) look(ctx context.Context, settings Settings, asked AskedWitness, believed bool) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, witnessTime)
	defer cancel()
	newest, err := w.Store.LastNote(ctx)
	if err != nil {
		return 0, err
	}
	if newest.Size == 0 {
		return 0, w.unnoted(ctx, asked)
	}
	trusted := TrustedKeys(w.Keys.Current())
	confirmed, err := w.confirmed(ctx, Proven{Trusted: trusted, Witnesses: []*note.Witness{asked.Witness}})
	if err != nil {
		return 0, err
	}
	if !believed || confirmed.Size < newest.Size || w.isOld(confirmed, settings) {
		if confirmed, err = Cosign(ctx, w.Store, trusted, asked.Witness, asked.Submit); err != nil {
			return 0, err
		}
	}
	w.Observer.Cosigned(asked.Witness, confirmed.Size, confirmed.Cosigned[0].At)
	return confirmed.Size, nil
}

// unnoted tells of a trail without a note if that is so because it has no record.
func (w *Witnessing) unnoted(ctx context.Context, asked AskedWitness) error {
	first, err := w.Store.AuditHashes(ctx, 0, 1)
	if err == nil && len(first) == 0 {
		w.Observer.NothingToConfirm(asked.Witness)
	}
	return err
}

// isOld reports whether a confirmation is to be had again. One of the future is, too: the
// clock of the witness or of this machine was wrong, and may be right now.
func (w *Witnessing) isOld(confirmed note.Opened, settings Settings) bool {
	if len(confirmed.Cosigned) == 0 {
		return true
	}
	return w.Clock().Sub(confirmed.Cosigned[0].At).Abs() >= settings.WitnessMaxAge/2
}

// confirmed returns the note that the witness confirmed last, or the zero one: also where
// that is another than it confirmed, which the witness will say when it is asked.
func (w *Witnessing) confirmed(ctx context.Context, by Proven) (note.Opened, error) {
	last, err := w.Store.LastCosignature(ctx, by.Witnesses[0].ID())
	if err != nil || last.Size == 0 {
		return note.Opened{}, err
	}
	_, opened, err := cosignedNote(ctx, w.Store, by, last)
	if _, broken := errors.AsType[*Break](err); broken {
		return note.Opened{}, nil
	}
	return opened, err
}

package vault

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

const (
	// holderSilence is how long a process that imports a file may not be heard of until
	// another one may take its import over. It is heard of with each batch.
	holderSilence = 2 * time.Minute
	// resumedWithin is how long an import that was broken off can go on. Later than that, what
	// others have stored since counts for more than that nothing is read twice.
	resumedWithin = 24 * time.Hour
	// seldom is after how many batches that change nothing the import is marked.
	seldom = 16
	// beatEvery is how often an import that stores no rows says that it is alive.
	beatEvery = 10 * time.Second
	// maxMarkedErrors bounds the errors that an import has still when it goes on. All of them
	// would be written again with each batch.
	maxMarkedErrors = 1000
)

// claim is that of a process to be the only one that imports a file.
type claim struct {
	id, holder string
	point      importPoint // where the import went on
	state      []byte      // of the last mark, at first as it was claimed
	beaten     time.Time   // when the import was last heard of
	unmarked   int         // batches since the last mark
}

func (c *claim) isHeld() bool { return c.holder != "" }

// importPoint is how far an import has come, as it stands in the database.
type importPoint struct {
	Line   int64        `json:"line"` // of the file, the last one that is done
	Report ImportReport `json:"report"`
}

// wasRefused reports whether the report lists an error of a line. Errors are in the order of the
// lines.
func (p *importPoint) wasRefused(line int64) bool {
	_, listed := slices.BinarySearchFunc(p.Report.Errors, line, func(e RowError, line int64) int { return cmp.Compare(e.Line, line) })
	return listed
}

// claimID names what is imported, and how. How many errors are listed is none of it: 100 stands
// where it was once, so that an import that an earlier release began goes on.
func (in *intake[K, C]) claimID() string {
	r := &in.rules
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%q|%t|%t|%t|%d", r.of, r.File.SHA256, r.Format, r.Issuer,
		r.MixedIssuers, r.ReplaceForgotten, r.AllowSandboxCards, 100))
	return hex.EncodeToString(sum[:])
}

// claimFile makes the import this process's own, and finds out where it goes on.
func (in *intake[K, C]) claimFile(ctx context.Context) error {
	id, now := in.claimID(), in.vault.Clock()
	before, err := in.vault.Imports.Import(ctx, id)
	if err != nil {
		return err
	}
	file := &in.rules.File
	isGone := file.HolderGone != nil && file.HolderGone(before.Who)
	// A beat that is yet to come is of a clock that was set back since, and holds nobody up for longer.
	if before.Holder != "" && !isGone && now.Sub(before.Beat).Abs() < holderSilence {
		return errRunning(&before)
	}
	var point importPoint
	if before.Holder != "" && !file.FromStart && now.Sub(before.Beat) < resumedWithin {
		if err := json.Unmarshal(before.State, &point); err != nil {
			return fmt.Errorf("how far the import came: %w", err)
		}
	}
	state, err := json.Marshal(point)
	if err != nil {
		return fmt.Errorf("how far the import came: %w", err)
	}
	c := claim{id: id, holder: rand.Text(), point: point, state: state, beaten: now}
	claimed, err := in.vault.Imports.ClaimImport(ctx, storage.Import{ID: id, Holder: c.holder, Who: file.Who, Began: now, Beat: now, State: state}, before.Holder)
	if err != nil {
		return err
	}
	if !claimed {
		return in.errRunningNow(ctx, id)
	}
	in.claim, in.ledger.report = c, point.Report
	if point.Line > 0 && file.Resuming != nil {
		file.Resuming(ImportResumed{Rows: point.Report.Rows, At: before.Beat})
	}
	return nil
}

func (in *intake[K, C]) errRunningNow(ctx context.Context, id string) error {
	other, err := in.vault.Imports.Import(ctx, id)
	if err != nil {
		return err
	}
	return errRunning(&other)
}

// errRunning says who imports the file.
func errRunning(im *storage.Import) error {
	return walletport.Errorf(walletport.CodeConflict, "import_running", "this file is being imported by %s, since %s: wait for the end of it, or end that process and try again in two minutes at the latest",
		im.Who, im.Began.UTC().Format(time.RFC3339))
}

// markOf returns the mark that the import is to have when a chunk is done, nil for an import that
// cannot go on.
func (in *intake[K, C]) markOf(c *chunk[K, C], after *ImportReport) (*storage.ImportMark, error) {
	if !in.claim.isHeld() {
		return nil, nil
	}
	point := importPoint{Line: c.lines[len(c.lines)-1].number, Report: *after}
	point.Report.Errors = after.Errors[:min(len(after.Errors), maxMarkedErrors)]
	state, err := json.Marshal(point)
	if err != nil {
		return nil, fmt.Errorf("how far the import came: %w", err)
	}
	return &storage.ImportMark{ID: in.claim.id, Holder: in.claim.holder, At: in.vault.Clock(), State: state}, nil
}

// noteMark remembers that a mark is stored, if it is one.
func (in *intake[K, C]) noteMark(mark *storage.ImportMark) {
	if mark != nil {
		in.claim.beaten, in.claim.state, in.claim.unmarked = mark.At, mark.State, 0
	}
}

// markSeldom marks some of many chunks that change nothing.
func (in *intake[K, C]) markSeldom(ctx context.Context, c *chunk[K, C], after *ImportReport) error {
	in.claim.unmarked++
	if !in.claim.isHeld() || in.claim.unmarked < seldom && !in.isBeatDue() {
		return nil
	}
	mark, err := in.markOf(c, after)
	if err != nil {
		return err
	}
	if err := in.vault.Imports.MarkImport(ctx, *mark); err != nil {
		return err
	}
	in.noteMark(mark)
	return nil
}

func (in *intake[K, C]) isBeatDue() bool { return in.vault.Clock().Sub(in.claim.beaten) >= beatEvery }

// beat says from time to time that the import is alive, while it stores no rows.
func (in *intake[K, C]) beat(ctx context.Context) error {
	if !in.isBeatDue() {
		return nil
	}
	in.claim.beaten = in.vault.Clock()
	return in.vault.Imports.MarkImport(ctx, storage.ImportMark{ID: in.claim.id, Holder: in.claim.holder, At: in.claim.beaten, State: in.claim.state})
}

func (in *intake[K, C]) endClaim(ctx context.Context) error {
	return in.vault.Imports.EndImport(ctx, in.claim.id, in.claim.holder)
}

// maxRefusals is how many refused rows are told apart.
const maxRefusals = 100_000

// refusals are what refused rows are about, as far as that is known.
type refusals[K comparable] struct {
	keys   map[K]struct{}
	others bool // there are more, or some from before the import was broken off
}

func (r *refusals[K]) add(keys []K) {
	for _, key := range keys {
		if len(r.keys) == maxRefusals {
			r.others = true
			return
		}
		if r.keys == nil {
			r.keys = map[K]struct{}{}
		}
		r.keys[key] = struct{}{}
	}
}

// isEmpty reports whether no row was refused.
func (r *refusals[K]) isEmpty() bool { return len(r.keys) == 0 && !r.others }

// has reports whether a row of the key may have been refused.
func (r *refusals[K]) has(key K) bool {
	_, ok := r.keys[key]
	return ok || r.others
}

// aheadFrom returns behind which line there is something to be stored ahead: where the import
// goes on, unless rows before it were refused, of which something may be left.
func (in *intake[K, C]) aheadFrom() int64 {
	if in.claim.point.Report.Rejected > 0 {
		in.refused.others = true
		return 0
	}
	return in.claim.point.Line
}

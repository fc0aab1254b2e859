package audit_test

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/walletport/walletport/storage"
)

// memory is a chain in memory: for synctest, whose clock no database follows, and
// for tampering by the thousand. A test may make it fail or wait. It has no transactions.
type memory struct {
	storage.Updater
	lock        sync.Mutex
	head        storage.AuditHead
	entries     []storage.AuditEntry
	checkpoints []storage.Checkpoint
	nodes       []storage.TreeNode
	notes       []storage.Note

	cosignatures []storage.Cosignature
	batches      []int // sizes of the commits
	fail         error // what AppendAudit and AddCheckpoint answer
	readFail     func(method string) error
	append       func(ctx context.Context) error // called before an append is done
	link         []byte                          // the head's hash as the linker sees it
}

func newMemory() *memory { return &memory{head: storage.AuditHead{Hash: make([]byte, 32)}} }

// becomes gives m the chain and the notes of another, also while somebody reads it.
func (m *memory) becomes(other *memory) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.entries, m.head, m.notes = other.entries, other.head, other.notes
}

// tamper has somebody change m while others use it.
func (m *memory) tamper(do func()) {
	m.lock.Lock()
	defer m.lock.Unlock()
	do()
}

func (m *memory) AppendAudit(ctx context.Context, link func(storage.AuditHead) ([]storage.AuditEntry, error)) error {
	if m.append != nil {
		if err := m.append(ctx); err != nil {
			return err
		}
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.fail != nil {
		return m.fail
	}
	head := m.head
	if m.link != nil {
		head.Hash = m.link
	}
	entries, err := link(head)
	if err != nil || len(entries) == 0 {
		return err
	}
	if err := storage.CheckEntries(m.head, entries); err != nil {
		return err
	}
	for _, e := range entries {
		e.Hash = slices.Clone(e.Hash)
		m.entries = append(m.entries, e)
		m.head = storage.AuditHead{Seq: e.Seq, Hash: e.Hash}
	}
	m.batches = append(m.batches, len(entries))
	return nil
}

func (m *memory) AddCheckpoint(_ context.Context, c storage.Checkpoint) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.fail != nil {
		return m.fail
	}
	at, found := slices.BinarySearchFunc(m.checkpoints, c.Seq, func(c storage.Checkpoint, seq int64) int { return int(c.Seq - seq) })
	if !found {
		m.checkpoints = slices.Insert(m.checkpoints, at, c)
	}
	return nil
}

// page returns the first rows that are asked for, up to limit.
func page[T any](rows []T, limit int, asked func(T) bool) []T {
	var found []T
	for _, r := range rows {
		if asked(r) && len(found) < limit {
			found = append(found, r)
		}
	}
	return found
}

// last returns the last row, or the zero one.
func last[T any](rows []T) T {
	if len(rows) == 0 {
		var none T
		return none
	}
	return rows[len(rows)-1]
}

func (m *memory) refuses(method string) error {
	if m.readFail != nil {
		return m.readFail(method)
	}
	return nil
}

func (m *memory) AuditHead(context.Context) (storage.AuditHead, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.head, m.refuses("AuditHead")
}

func (m *memory) AuditAfter(_ context.Context, seq int64, limit int) ([]storage.AuditEntry, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return page(m.entries, limit, func(e storage.AuditEntry) bool { return e.Seq > seq }), m.refuses("AuditAfter")
}

func (m *memory) Checkpoints(_ context.Context, seq int64, limit int) ([]storage.Checkpoint, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return page(m.checkpoints, limit, func(c storage.Checkpoint) bool { return c.Seq > seq }), m.refuses("Checkpoints")
}

func (m *memory) LastCheckpoint(context.Context) (storage.Checkpoint, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return last(m.checkpoints), m.refuses("LastCheckpoint")
}

func (m *memory) setFail(err error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.fail = err
}

func (m *memory) sizes() []int {
	m.lock.Lock()
	defer m.lock.Unlock()
	return slices.Clone(m.batches)
}

func (m *memory) signedSeqs() []int64 {
	m.lock.Lock()
	defer m.lock.Unlock()
	seqs := []int64{}
	for _, c := range m.checkpoints {
		seqs = append(seqs, c.Seq)
	}
	return seqs
}

func (m *memory) AuditHashes(_ context.Context, seq int64, limit int) ([]storage.AuditHead, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	var heads []storage.AuditHead
	for _, e := range page(m.entries, limit, func(e storage.AuditEntry) bool { return e.Seq > seq }) {
		heads = append(heads, storage.AuditHead{Seq: e.Seq, Hash: e.Hash})
	}
	return heads, m.refuses("AuditHashes")
}

func (m *memory) AddTreeNodes(_ context.Context, nodes []storage.TreeNode) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.fail != nil {
		return m.fail
	}
	for _, n := range nodes {
		if !slices.ContainsFunc(m.nodes, func(o storage.TreeNode) bool { return o.Level == n.Level && o.Number == n.Number }) {
			m.nodes = append(m.nodes, n)
		}
	}
	slices.SortFunc(m.nodes, func(a, b storage.TreeNode) int { return int(a.Number - b.Number) })
	return nil
}

func (m *memory) TreeNodes(_ context.Context, level int, first int64, limit int) ([]storage.TreeNode, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return page(m.nodes, limit, func(n storage.TreeNode) bool { return n.Level == level && n.Number >= first }), m.refuses("TreeNodes")
}

func (m *memory) TreeLength(_ context.Context, level int) (int64, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	ofLevel := page(m.nodes, len(m.nodes), func(n storage.TreeNode) bool { return n.Level == level })
	if len(ofLevel) == 0 {
		return 0, m.refuses("TreeLength")
	}
	return last(ofLevel).Number + 1, m.refuses("TreeLength")
}

func (m *memory) AddNote(_ context.Context, n storage.Note) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.fail != nil {
		return m.fail
	}
	at, found := slices.BinarySearchFunc(m.notes, n.Size, func(n storage.Note, size int64) int { return int(n.Size - size) })
	if !found {
		m.notes = slices.Insert(m.notes, at, n)
	}
	return nil
}

func (m *memory) Notes(_ context.Context, size int64, limit int) ([]storage.Note, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return page(m.notes, limit, func(n storage.Note) bool { return n.Size > size }), m.refuses("Notes")
}

func (m *memory) LastNote(context.Context) (storage.Note, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return last(m.notes), m.refuses("LastNote")
}

func (m *memory) AddCosignature(_ context.Context, c storage.Cosignature) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.cosignatures = slices.DeleteFunc(m.cosignatures, func(o storage.Cosignature) bool { return o.Size == c.Size && o.Witness == c.Witness })
	m.cosignatures = append(m.cosignatures, c)
	slices.SortFunc(m.cosignatures, func(a, b storage.Cosignature) int { return cmp.Compare(a.Size, b.Size) })
	return nil
}

func (m *memory) Cosignatures(_ context.Context, size int64) ([]storage.Cosignature, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return page(m.cosignatures, len(m.cosignatures), func(c storage.Cosignature) bool { return c.Size == size }), m.refuses("Cosignatures")
}

func (m *memory) LastCosignature(_ context.Context, witness string) (storage.Cosignature, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return last(page(m.cosignatures, len(m.cosignatures), func(c storage.Cosignature) bool { return c.Witness == witness })), m.refuses("LastCosignature")
}

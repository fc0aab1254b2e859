package audit_test

import (
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
	var page []storage.AuditEntry
	for _, e := range m.entries {
		if e.Seq > seq && len(page) < limit {
			page = append(page, e)
		}
	}
	return page, m.refuses("AuditAfter")
}

func (m *memory) Checkpoints(_ context.Context, seq int64, limit int) ([]storage.Checkpoint, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	var page []storage.Checkpoint
	for _, c := range m.checkpoints {
		if c.Seq > seq && len(page) < limit {
			page = append(page, c)
		}
	}
	return page, m.refuses("Checkpoints")
}

func (m *memory) LastCheckpoint(context.Context) (storage.Checkpoint, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if len(m.checkpoints) == 0 {
		return storage.Checkpoint{}, m.refuses("LastCheckpoint")
	}
	return m.checkpoints[len(m.checkpoints)-1], m.refuses("LastCheckpoint")
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
	var page []storage.AuditHead
	for _, e := range m.entries {
		if e.Seq > seq && len(page) < limit {
			page = append(page, storage.AuditHead{Seq: e.Seq, Hash: e.Hash})
		}
	}
	return page, m.refuses("AuditHashes")
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
	var page []storage.TreeNode
	for _, n := range m.nodes {
		if n.Level == level && n.Number >= first && len(page) < limit {
			page = append(page, n)
		}
	}
	return page, m.refuses("TreeNodes")
}

func (m *memory) TreeLength(_ context.Context, level int) (int64, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	length := int64(0)
	for _, n := range m.nodes {
		if n.Level == level {
			length = max(length, n.Number+1)
		}
	}
	return length, m.refuses("TreeLength")
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
	var page []storage.Note
	for _, n := range m.notes {
		if n.Size > size && len(page) < limit {
			page = append(page, n)
		}
	}
	return page, m.refuses("Notes")
}

func (m *memory) LastNote(context.Context) (storage.Note, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if len(m.notes) == 0 {
		return storage.Note{}, m.refuses("LastNote")
	}
	return m.notes[len(m.notes)-1], m.refuses("LastNote")
}

func (m *memory) AddCosignature(_ context.Context, c storage.Cosignature) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.cosignatures = append(m.cosignatures, c)
	return nil
}

func (m *memory) Cosignatures(_ context.Context, size int64) ([]storage.Cosignature, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	var list []storage.Cosignature
	for _, c := range m.cosignatures {
		if c.Size == size {
			list = append(list, c)
		}
	}
	return list, m.refuses("Cosignatures")
}

func (m *memory) LastCosignature(_ context.Context, witness string) (storage.Cosignature, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	var last storage.Cosignature
	for _, c := range m.cosignatures {
		if c.Witness == witness && c.Size > last.Size {
			last = c
		}
	}
	return last, m.refuses("LastCosignature")
}

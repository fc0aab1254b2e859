package acttest

import (
	"context"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// Steps notes in which order a call uses its parts: find, nonce, borrow, submit, await,
// record. It keeps no record.
type Steps struct {
	act.Vault
	act.Nonces
	Taken []string
}

// Watch puts Steps before the parts.
func Watch(p *act.Parts) *Steps {
	s := &Steps{Vault: p.Vault, Nonces: p.Nonces}
	p.Vault, p.Nonces, p.Audit = s, s, s
	return s
}

// Find notes and finds.
func (s *Steps) Find(ctx context.Context, id walletport.CardID) (storage.Card, error) {
	s.Taken = append(s.Taken, "find")
	return s.Vault.Find(ctx, id)
}

// Borrow notes and lends.
func (s *Steps) Borrow(ctx context.Context, card storage.Card, use func(*walletport.Card) error) error {
	s.Taken = append(s.Taken, "borrow")
	return s.Vault.Borrow(ctx, card, use)
}

// UseNonce notes and uses.
func (s *Steps) UseNonce(ctx context.Context, issuer walletport.IssuerID, w walletport.Wallet, nonce []byte, at time.Time) error {
	s.Taken = append(s.Taken, "nonce")
	return s.Nonces.UseNonce(ctx, issuer, w, nonce, at)
}

// Record notes a record.
func (s *Steps) Record(context.Context, walletport.AuditRecord) error {
	s.Taken = append(s.Taken, "record")
	return nil
}

// Submit notes a record that is handed in.
func (s *Steps) Submit(walletport.AuditRecord) (walletport.Receipt, error) {
	s.Taken = append(s.Taken, "submit")
	return s, nil
}

// Wait notes that what was handed in is waited for.
func (s *Steps) Wait(context.Context) error {
	s.Taken = append(s.Taken, "await")
	return nil
}

// Kept is the receipt of what ended as it says, nil when it became durable.
type Kept struct{ Err error }

// Wait returns how it ended.
func (k Kept) Wait(context.Context) error { return k.Err }

// BrokenAudit is a trail that refuses every record.
type BrokenAudit struct{}

// Record refuses.
func (BrokenAudit) Record(context.Context, walletport.AuditRecord) error {
	return walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the disk is full")
}

// Submit refuses.
func (a BrokenAudit) Submit(r walletport.AuditRecord) (walletport.Receipt, error) {
	return nil, a.Record(context.Background(), r)
}

// DeafAudit is a trail that takes every record and keeps none, for benchmarks.
type DeafAudit struct{}

// Record takes a record.
func (DeafAudit) Record(context.Context, walletport.AuditRecord) error { return nil }

// Submit takes one.
func (DeafAudit) Submit(walletport.AuditRecord) (walletport.Receipt, error) { return Kept{}, nil }

package provisioning_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/replay"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/vault"
	"github.com/walletport/walletport/wallet/issuerwallet"
)

// Published test numbers.
const (
	testPAN   = "5204247750001471"
	secondPAN = "5555555555554444"
	visaPAN   = "4761120010000492"
)

const (
	acmeWallet walletport.WalletProviderID = "acme-wallet"
	acmeCard   walletport.CardID           = 1001
)

// now has a fraction of a millisecond, which the trail drops.
var now = time.Date(2026, 11, 24, 10, 0, 0, 123_456_789, time.UTC)

// rig is the flow on real parts: SQLite, vault, MDES sealer, wallet encoder and
// audit trail.
type rig struct {
	*provisioning.Flow
	db    *sqlite.Store
	vault *vault.Vault
	keys  *keystest.Source
	gate  gate
	seen  int64 // audit records that the test has looked at
}

// newRig returns a rig with one provider, acme-wallet, and one card, 1001.
func newRig(t testing.TB, change ...func(*provisioning.Flow)) *rig {
	t.Helper()
	r := &rig{keys: keystest.NewSource(newRing(t, allKeys()...)), db: openDB(t)}
	var err error
	r.vault, err = vault.New(vault.Vault{Cards: r.db, Keys: r.keys, Clock: fixed(now)})
	must(t, err)
	flow := provisioning.Flow{
		Vault: r.vault, Keys: r.keys, Audit: startAudit(t, r.db, r.keys), StepUp: &r.gate, Nonces: startGuard(t, r.db), Rand: rand.Reader, Clock: fixed(now),
		Providers: map[walletport.WalletProviderID]*provisioning.Provider{acmeWallet: newProvider(t, acmeWallet)},
	}
	for _, c := range change {
		c(&flow)
	}
	r.Flow, err = provisioning.New(flow)
	must(t, err)
	r.put(t, newCard(t, acmeCard, testPAN))
	return r
}

func openDB(t testing.TB) *sqlite.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "walletport.db")})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	must(t, db.Migrate(t.Context()))
	return db
}

// startAudit runs a trail until the test ends, before its database closes.
func startAudit(t testing.TB, db *sqlite.Store, source keys.Source) *audit.Log {
	t.Helper()
	log, err := audit.New(audit.Config{Store: db, Keys: source, Clock: fixed(now)})
	must(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
	return log
}

// startGuard runs a guard of nonces until the test ends, before its database closes.
func startGuard(t testing.TB, db *sqlite.Store) *replay.Guard {
	t.Helper()
	guard := replay.New(db)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- guard.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
	return guard
}

func newProvider(t testing.TB, id walletport.WalletProviderID) *provisioning.Provider {
	t.Helper()
	sealer, err := mdes.NewSealer(mdes.DefaultProfile())
	must(t, err)
	encoder, err := issuerwallet.New(issuerwallet.Config{})
	must(t, err)
	return &provisioning.Provider{ID: id, DisplayName: "Acme Wallet", Push: provisioning.Push{
		TokenRequestorID: "50199900001", EncryptionKey: keys.MDESEncryption, SigningKey: keys.TAVSigning, Sealer: sealer, Encoder: encoder,
	}}
}

func allKeys() []keys.Meta {
	var metas []keys.Meta
	for _, p := range keys.Purposes() {
		if !isOPC(p) {
			metas = append(metas, keys.Meta{Purpose: p})
		}
	}
	return metas
}

// newRing is keystest.Ring with the certificate that Mastercard's key comes in.
func newRing(t testing.TB, metas ...keys.Meta) *keys.Ring {
	t.Helper()
	ring := keystest.Ring(t, metas...)
	for _, k := range ring.All() {
		if k.Purpose == keys.MDESEncryption {
			k.Certificate = mdesCertificate(t)
		}
	}
	return ring
}

var certificateOnce sync.Once
var certificateDER []byte

// mdesCertificate wraps keystest.MDESKey, the same for the whole test process.
func mdesCertificate(t testing.TB) *x509.Certificate {
	t.Helper()
	key := keystest.MDESKey(t)
	certificateOnce.Do(func() {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "simulated MDES"}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		must(t, err)
		certificateDER = der
	})
	certificate, err := x509.ParseCertificate(certificateDER)
	must(t, err)
	return certificate
}

func newCard(t testing.TB, id walletport.CardID, digits string, change ...func(*walletport.Card)) walletport.Card {
	t.Helper()
	pan, err := walletport.ParsePAN(digits)
	must(t, err)
	schemeID, err := pan.Scheme()
	must(t, err)
	card := walletport.Card{
		CardSummary: walletport.CardSummary{
			ID: id, Issuer: "acme", CustomerID: "5001", Scheme: schemeID, Product: "mc-debit", Status: walletport.CardOK,
			Expiry: walletport.Expiry{Year: 2031, Month: time.December}, BIN: pan.BIN(), LastFour: pan.LastFour(),
		},
		PAN: pan, CardholderName: walletport.NewPrivate("ADA LOVELACE"),
	}
	for _, c := range change {
		c(&card)
	}
	return card
}

func (r *rig) put(t testing.TB, cards ...walletport.Card) {
	t.Helper()
	_, err := r.vault.Put(t.Context(), cards...)
	must(t, err)
}

// asBank is a call of acme's client.
func asBank(ctx context.Context) context.Context { return asClientOf(ctx, "acme") }

func asClientOf(ctx context.Context, issuers ...walletport.IssuerID) context.Context {
	ctx = walletport.WithActor(ctx, walletport.Actor{ClientID: "bank-app", Issuers: issuers, Scopes: []walletport.Scope{walletport.ScopeProvision}})
	return walletport.WithRequest(ctx, walletport.Request{ID: "req-7", RemoteAddr: "192.0.2.7"})
}

func request(change ...func(*provisioning.IssuerWalletRequest)) provisioning.IssuerWalletRequest {
	req := provisioning.IssuerWalletRequest{CardID: acmeCard, Provider: acmeWallet, AuditUser: "ada@bank.example"}
	for _, c := range change {
		c(&req)
	}
	return req
}

// mustRecord returns the one audit record that came since the last look.
func (r *rig) mustRecord(t testing.TB) walletport.AuditRecord {
	t.Helper()
	entries, err := r.db.AuditAfter(context.WithoutCancel(t.Context()), r.seen, 10)
	must(t, err)
	if len(entries) != 1 {
		t.Fatalf("%d audit records, want 1", len(entries))
	}
	r.seen = entries[0].Seq
	return entries[0].Record
}

// open lets the simulated MDES, which shares no code with the sealer, read a payload.
func open(t testing.TB, payload string) mdessim.Report {
	t.Helper()
	return mdessim.OpenDigitizationData(payload, mdessim.Keys{
		Encryption: []mdessim.EncryptionKey{{Decrypter: keystest.MDESKey(t), Certificate: mdesCertificate(t)}},
		TAV:        []mdessim.TAVKey{{Public: &keystest.RSAKey(t).PublicKey}},
		Now:        fixed(now),
	})
}

// gate is a step-up gate of which a test sets the answer and sees the question.
type gate struct {
	proof walletport.StepUp
	err   error
	lock  sync.Mutex
	asked []walletport.StepUpSubject
}

func (g *gate) CheckStepUp(_ context.Context, s walletport.StepUpSubject) (walletport.StepUp, error) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.asked = append(g.asked, s)
	return g.proof, g.err
}

// brokenAudit refuses every record.
type brokenAudit struct{}

func (brokenAudit) Record(context.Context, walletport.AuditRecord) error {
	return walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the disk is full")
}

func (a brokenAudit) Expect() walletport.AuditRecorder { return a }

// sealerFunc is a CardSealer of one function.
type sealerFunc func(scheme.SealInput) ([]byte, error)

func (sealerFunc) Scheme() walletport.SchemeID                    { return walletport.Mastercard }
func (f sealerFunc) SealCard(in scheme.SealInput) ([]byte, error) { return f(in) }

var errSealer = errors.New("the sealer is broken")

func fixed(at time.Time) func() time.Time { return func() time.Time { return at } }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// deafAudit takes every record and keeps none, for benchmarks.
type deafAudit struct{}

func (deafAudit) Record(context.Context, walletport.AuditRecord) error { return nil }
func (a deafAudit) Expect() walletport.AuditRecorder                   { return a }

// Package storage is the contract of the database: rows and the acts on them.
// Rows hold sealed bytes, never a PAN. Engines live in the folders below;
// storagetest proves that they agree.
//
// What belongs together is changed by Update, in one commit over all areas. A method of
// the Store that writes has a commit of its own because it is made for many: imports and
// re-wraps write thousands of rows, the audit trail and the nonces gather what many calls
// wait for, and last uses and checkpoints are notes that nothing else depends on.
//
// A further area (deliveries) is an interface of its reads here, one of its changes that
// Tx embeds, and a file for it in each engine and in storagetest.
//
// Every method returns walletport errors: CodeNotFound and CodeConflict where
// documented, else CodeUnavailable with the reason store_unavailable and the
// driver's error as cause.
package storage

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/walletport/walletport"
)

// Store is one database. It is safe for concurrent use.
type Store interface {
	Cards
	Imports
	Clients
	Audit
	AuditTree
	AuditNotes
	Nonces
	Answers
	Tokens
	TokenNumbers
	Customers
	Enrolments
	Jobs
	Updater
	Eraser
	// Ping reports whether the database answers reads and takes writes, and whether
	// serve has the rights that it needs (reason database_rights).
	Ping(ctx context.Context) error
	Clock
	// Risks names settings of the database by which it may lose what it has
	// confirmed, each as a sentence for its operator.
	Risks(ctx context.Context) ([]string, error)
	Close() error
}

// Clock is the one that all replicas on a database have in common.
type Clock interface {
	// Now returns the time of the database, that of this machine for an engine
	// without a server.
	Now(ctx context.Context) (time.Time, error)
}

// Card is a sealed card.
type Card struct {
	walletport.CardSummary
	PANIndex   []byte // HMAC-SHA-256 of the PAN under the vault-index key, 32 bytes
	Sealed     []byte // PAN and name under the card's data key, AES-256-GCM
	WrappedKey []byte // the data key under the KEK
	KEK        string // id of the key that wrapped it
	// ContentMAC is an HMAC-SHA-256 over all plain content (summary, PAN, name),
	// 32 bytes. Sealed bytes differ at every sealing, this does not: PutCards
	// leaves a row with an equal ContentMAC untouched. Empty never equals.
	ContentMAC []byte
	UpdatedAt  time.Time // milliseconds
}

// Cards keeps sealed cards. Single ones are changed by CardsTx.
type Cards interface {
	CardReads
	CardSearch
	CardBatches
	CardFinds
}

// CardReads finds sealed cards. Look-up cost does not depend on how many there are.
type CardReads interface {
	// Card returns one card, or CodeNotFound with the reason card_not_found.
	Card(ctx context.Context, id walletport.CardID) (Card, error)
	// CardsByID returns those of the cards that there are, in any order, for the cost
	// of little more than one: fewer round trips, locks and cold caches. An id that is
	// named twice may come twice.
	CardsByID(ctx context.Context, ids []walletport.CardID) ([]Card, error)
	// CardsAfter returns up to limit cards of the issuer ("" for all) with ids
	// above after, in id order.
	CardsAfter(ctx context.Context, issuer walletport.IssuerID, after walletport.CardID, limit int) ([]Card, error)
	// CardsByPANIndex returns the cards of one PAN, in id order.
	CardsByPANIndex(ctx context.Context, index []byte) ([]Card, error)
	// CardsWrappedBy returns up to limit cards whose data key is wrapped by kek,
	// with ids above after, in id order: the work list of a re-wrap.
	CardsWrappedBy(ctx context.Context, kek string, after walletport.CardID, limit int) ([]Card, error)
	// CardIssuers returns the issuers that have cards, in any order. It costs one
	// look-up an issuer, however many cards there are.
	CardIssuers(ctx context.Context) ([]walletport.IssuerID, error)
	// CardKEKs returns the ids of the keys that wrap data keys of cards, at the same cost.
	CardKEKs(ctx context.Context) ([]string, error)
}

// CardBatches writes cards by the thousand, for imports and re-wraps. They have commits
// of their own: rows go to the database in a few statements, and an import that is made
// as a whole takes minutes, in which a transaction that could begin again would hold up
// everybody.
type CardBatches interface {
	// PutCards inserts or replaces cards in one transaction, in the order given: of
	// two cards of one id the later stands. A card whose ContentMAC is the stored
	// one is left alone and counted Unchanged; a card id that stands under another
	// issuer is left alone and listed in the answer.
	PutCards(ctx context.Context, cards []Card) (PutResult, error)
	// ChangeCards writes cards in one transaction, if the database still has of each what
	// the caller read: a compare-and-swap. Otherwise it writes nothing and returns the ids
	// of those where somebody else was faster; the caller reads them again.
	// A change that stands already counts as made, so that a call may be repeated
	// after its answer was lost. No id may come twice (CodeInternal). The mark of the import
	// that they are of, nil if they are of none, is in the same commit. Its errors are those
	// of MarkImport, and then nothing is written.
	ChangeCards(ctx context.Context, changes []CardChange, mark *ImportMark) (missed []walletport.CardID, err error)
	// BeginCardChanges begins changes that are made together or not at all, in one
	// transaction, however many they are. The caller must end them.
	BeginCardChanges(ctx context.Context) (CardChanges, error)
	// Rewrap replaces wrapped keys in one transaction, each only where the stored
	// wrapped key still equals Old, and returns how many it replaced.
	Rewrap(ctx context.Context, changes []CardRewrapping) (int, error)
}

// CardChange is a card to write and the row that it takes the place of.
type CardChange struct {
	Card
	// Replaces is the ContentMAC of the row that was read; the row keeps its issuer.
	// Empty writes a new row, and only where there is none of that id.
	Replaces []byte
}

// CardChanges are changes that are made together or not at all. Readers see none of
// them before Commit, and all of them after it; a process that dies leaves nothing
// behind. They are not safe for concurrent use.
type CardChanges interface {
	// Add gives further changes. No id may come twice, in all calls together.
	Add(ctx context.Context, changes []CardChange) error
	// Commit makes all of the changes, or none and returns the ids (the first 100) of
	// rows that are not those that were read. As in ChangeCards, a change that stands
	// already counts as made.
	Commit(ctx context.Context) (missed []walletport.CardID, err error)
	// End lets go of what was not committed. After Commit it does nothing more.
	End() error
}

// MaxListedMisses bounds what CardChanges.Commit returns.
const MaxListedMisses = 100

// PutResult says what PutCards did.
type PutResult struct {
	Inserted, Updated, Unchanged int
	OtherIssuer                  []walletport.CardID // refused, in the order given
}

// Client is an API client. Its secret is not kept, only a digest of it.
type Client struct {
	ID         string
	Name       string
	SecretHash []byte // SHA-256 of a random 256-bit secret
	Issuers    []walletport.IssuerID
	Scopes     []walletport.Scope
	// CertificateSHA256 binds the client to a TLS client certificate (hex of the
	// SHA-256 over its DER); "" does not bind.
	CertificateSHA256 string
	CreatedAt         time.Time
	RevokedAt         time.Time // zero while it may call
	// PreviousHash is SecretHash of the secret before, which works until PreviousUntil;
	// empty is none.
	PreviousHash  []byte
	PreviousUntil time.Time
	ExpiresAt     time.Time // from then on it may not call; zero never ends
	LastUsedAt    time.Time // when it last authenticated, to the minute or so; zero was never seen
}

// Clients keeps API clients. They are changed by ClientsTx.
type Clients interface {
	// Client returns one client, revoked or not, or CodeNotFound, reason client_not_found.
	Client(ctx context.Context, id string) (Client, error)
	// Clients returns all clients in id order.
	Clients(ctx context.Context) ([]Client, error)
	// UseClients sets LastUsedAt of clients by their ids, in one commit, where it is
	// earlier. Unknown ids are passed over.
	UseClients(ctx context.Context, at map[string]time.Time) error
}

// AuditHead is the end of the chain: the sequence number of its last record (0
// when it has none) and that record's hash (32 zero bytes when it has none).
type AuditHead struct {
	Seq  int64
	Hash []byte
}

// AuditEntry is one link of the chain as stored.
type AuditEntry struct {
	Seq    int64 // 1, 2, 3, …: without gaps
	Record walletport.AuditRecord
	Hash   []byte // SHA-256 over the previous hash and this record
	// Unreadable holds, by the names of an export's members, the columns whose text is
	// none that an engine writes: somebody changed them. Their fields are empty. It is
	// never written.
	Unreadable map[string]string
}

// Checkpoint is a signed head of the chain.
type Checkpoint struct {
	Seq       int64
	Hash      []byte
	Time      time.Time
	KeyID     string
	Signature []byte
}

// Audit keeps one chain for all replicas on the database. What was changed is recorded by
// AuditTx, in the commit of the change.
type Audit interface {
	// AppendAudit makes entries durable that belong to no change of a row, many at a
	// time. It locks the head, asks link for the entries that follow it, and stores them
	// and the new head in one durable transaction. link may be called again when the
	// transaction has to be retried; the entries it returns carry Seq head+1, head+2, …
	// No entries change nothing; an error of link is returned as it is. link must not
	// call the store, which may have no connection left.
	AppendAudit(ctx context.Context, link func(AuditHead) ([]AuditEntry, error)) error
	// AuditHead returns the stored head, which is durable, and so are the entries up to it.
	// Without a row for it, which only somebody else can have taken away, it is the zero
	// head, whose Hash is nil.
	AuditHead(ctx context.Context) (AuditHead, error)
	// AuditAfter returns up to limit entries with a sequence number above seq, in order,
	// also those with a column that cannot be read.
	AuditAfter(ctx context.Context, seq int64, limit int) ([]AuditEntry, error)
	// AddCheckpoint stores a checkpoint; the same Seq twice changes nothing.
	AddCheckpoint(ctx context.Context, c Checkpoint) error
	// Checkpoints returns up to limit checkpoints with Seq above seq, in order.
	Checkpoints(ctx context.Context, seq int64, limit int) ([]Checkpoint, error)
	// LastCheckpoint returns the checkpoint with the highest Seq, or the zero one.
	LastCheckpoint(ctx context.Context) (Checkpoint, error)
}

// Nonce is one that a wallet gave to an issuer.
type Nonce struct {
	Issuer walletport.IssuerID
	Wallet walletport.Wallet
	// Digest is of the nonce, so that its length does not matter.
	Digest [sha256.Size]byte
}

// NonceUse is the use of a nonce.
type NonceUse struct {
	Nonce
	At time.Time // milliseconds
	// Since is how far back an earlier use counts, to the millisecond. It must not be
	// after At: this use would not count for those that come at the same time.
	Since time.Time
}

// Nonces remembers nonces, so that each is used once, whichever replica is asked. For an
// act that changes rows too, see NoncesTx.
type Nonces interface {
	// UseNonces records uses in one durable commit, and says of each, in their order,
	// whether the nonce was fresh. It was not when it has been used at use.Since or
	// later; then this use is not recorded. Of several uses at once, on any replica,
	// one is fresh, and of several in one call only the first can be. An older use is
	// replaced: nonces are short (4 bytes have been seen) and come again by chance.
	//
	// Times are taken from the clock of the caller's machine, and count by that of the
	// database: an engine with a server moves them by as much as the two differ.
	//
	// An error is about all of them, so callers who share a call check each use
	// before (CheckNonceUse). CodeUnavailable does not prove that none was recorded.
	UseNonces(ctx context.Context, uses []NonceUse) (fresh []bool, err error)
	// ForgetNonces deletes up to limit uses before the given time, by the database's
	// clock, the oldest first, and returns how many.
	ForgetNonces(ctx context.Context, before time.Time, limit int) (int, error)
}

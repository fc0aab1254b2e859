package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/telemetry"
	"github.com/walletport/walletport/vault"
)

// auditObserver turns what the audit trail tells into metrics and log lines.
type auditObserver struct {
	metrics  *telemetry.Metrics
	log      *slog.Logger
	clock    func() time.Time
	failedAt *atomic.Int64 // Unix milliseconds of the last refused batch, 0 after a good one
	lost     *atomic.Int64 // a record that this server made durable and that is gone, 0 while none is
	early    *atomic.Int64 // a signed record that the trail found does not reach, 0 while none is known
}

func (o auditObserver) Committed(records int, took time.Duration, err error) {
	if err != nil {
		o.failedAt.Store(o.clock().UnixMilli())
		o.metrics.AuditFailed()
		o.log.Error("audit batch refused", "records", records, "err", err)
		return
	}
	o.failedAt.Store(0)
	o.metrics.AuditCommitted(records, took)
}

func (o auditObserver) Checkpointed(seq int64, err error) {
	if err != nil {
		o.log.Error("audit checkpoint not made", "seq", seq, "err", err)
	}
}

func (o auditObserver) Noted(size int64, err error) {
	if err != nil {
		o.log.Error("audit note not made", "size", size, "err", err)
	}
}

func (o auditObserver) Lost(seq int64) {
	o.lost.Store(seq)
	o.log.Error("audit trail was set back: a durable record is gone", "seq", seq)
}

// EndsEarly is a warning only: whoever starts a server after a loss has looked.
func (o auditObserver) EndsEarly(seq int64) {
	o.early.Store(seq)
	o.log.Error("audit trail ends before a record that was signed", "seq", seq)
}

// servingVault is the vault as requests see it: their look-ups are read together,
// and counted by outcome.
type servingVault struct {
	*vault.Vault
	finder  *vault.Finder
	metrics *telemetry.Metrics
}

func (v servingVault) Find(ctx context.Context, id walletport.CardID) (storage.Card, error) {
	card, err := v.finder.Find(ctx, id)
	outcome := walletport.OutcomeOK
	if err != nil {
		outcome = walletport.ReasonOf(err)
	}
	v.metrics.CardLookedUp(outcome)
	return card, err
}

func (s *Server) keyExpiries() []telemetry.KeyExpiry {
	var list []telemetry.KeyExpiry
	for _, k := range s.Keys.Current().All() {
		if k.State != keys.Active {
			continue
		}
		list = append(list, telemetry.KeyExpiry{ID: string(k.ID), Purpose: string(k.Purpose), ValidUntil: k.ValidUntil})
	}
	return list
}

// sharedKeyWarnings names WSD keys for all issuers where Visa's cards are activated:
// an MBPAC holds no card, so that one issuer's could activate another's.
func (s *Server) sharedKeyWarnings() []door.Warning {
	var warnings []door.Warning
	for _, k := range s.Keys.Current().All() {
		if s.Settings.Activation.Visa.Enabled && k.Purpose == keys.WSD && k.Issuer == "" && k.State == keys.Active && !k.Sandbox {
			warnings = append(warnings, door.Warning{
				Code:    "key_shared_by_issuers",
				Message: "key " + string(k.ID) + " serves every issuer and activates Visa cards: give each issuer its own",
			})
		}
	}
	return warnings
}

// keyNotice is how long before its end a key is spoken of.
const keyNotice = 30 * 24 * time.Hour

// keyWarnings tells of a key store that cannot be read again, and names the keys that
// will end soon and those that serve more issuers than they should. A store that cannot
// be read again is no more than a warning: the keys that were read before serve.
func (s *Server) keyWarnings() []door.Warning {
	warnings := s.sharedKeyWarnings()
	if since, because := s.Keys.Stale(); because != nil {
		warnings = append(warnings, door.Warning{
			Code: "keystore_unreadable",
			Message: "the key store cannot be read since " + since.UTC().Format(time.RFC3339) +
				", so that changes of keys do not arrive; the keys that were read before serve: " + safeText(because),
		})
	}
	for _, k := range keys.ExpiringBefore(s.Keys.Current(), s.clock().Add(keyNotice)) {
		warnings = append(warnings, door.Warning{
			Code: "key_ends_soon", Message: "key " + string(k.ID) + " ends at " + k.ValidUntil.UTC().Format(time.RFC3339),
		})
	}
	return warnings
}

// warnings is what an operator should know soon.
func (s *Server) warnings() []door.Warning {
	warnings := s.keyWarnings()
	for _, w := range append(s.condition.warnings(), s.openWarnings()...) {
		warnings = append(warnings, w.Warning)
	}
	warn := func(code string, texts []string) {
		for _, text := range texts {
			warnings = append(warnings, door.Warning{Code: code, Message: text})
		}
	}
	warn("token_keys_unavailable", s.trust.Warnings())
	warn("test_card_refused", s.testCardWarnings())
	warn("audit_lost", s.auditWarnings())
	warn("audit_unwitnessed", s.witnesses.warnings())
	warn("files_unusable", s.reloadWarnings())
	warn("log_lost", s.lines.warnings())
	warn("background_ended", s.background.endedEarly(upkeep))
	return warnings
}

// countWarnings is for the metrics.
func (s *Server) countWarnings() map[string]int {
	count := map[string]int{}
	for _, w := range s.warnings() {
		count[w.Code]++
	}
	return count
}

// safeText returns of an error what may be shown to anybody: no path, no cause.
func safeText(err error) string {
	if e, ok := errors.AsType[*walletport.Error](err); ok {
		return e.Message
	}
	return "see the log"
}

// auditFaultStands is how long one refused batch speaks for the trail. After it
// the database check, which writes, decides: a replica that gets no requests
// would otherwise never be ready again, also where its clock was set back meanwhile.
const auditFaultStands = 5 * time.Second

// auditReady says whether the trail took its last batch, and still has what it took.
// A loss stands until a restart: somebody must have looked. A key store that is not the
// one which signed the trail makes the replica not ready, too.
func (s *Server) auditReady(context.Context) error {
	if seq := s.auditLost.Load(); seq != 0 {
		return walletport.Errorf(walletport.CodeUnavailable, "audit_set_back", "the audit trail was set back: record %d, which was durable, is gone", seq)
	}
	if at := s.auditFailedAt.Load(); at != 0 && s.clock().Sub(time.UnixMilli(at)).Abs() < auditFaultStands {
		return walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the audit trail refused its last batch")
	}
	return s.condition.trailFault()
}

// auditWarnings tells of a trail that lost records before this server began.
func (s *Server) auditWarnings() []string {
	seq := s.auditEarly.Load()
	if seq == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the audit trail ended before record %d, which was signed: records were lost (walletport audit verify)", seq)}
}

package door

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
)

// Once says that a call is done once for each Idempotency-Key of a client: who sends the same
// request again with the same key gets the first answer again, word for word, and nothing is
// done. It is kept for a day, as it is (but see Call.KeepBody), if it fits into what a door
// holds back (16 KiB). What an answer that is not final says is not kept: one with a
// Retry-After or with a status of 500 and above. Refusals before the call is let in
// (credentials, limits, scope, body) are not either.
type Once struct {
	// Headers of the request, by canonical name, say what is asked for too, beside method,
	// path, query and body.
	Headers []string
}

// Answers keeps first answers, as package idempotency does. It is safe for concurrent use.
type Answers interface {
	// Claim claims a key for a request and a time, and sets its Holder and Made; or it returns
	// the first answer, or says that the request runs already or that the key is another's.
	Claim(ctx context.Context, claim *walletport.AnswerClaim, lease time.Duration) (*walletport.KeptAnswer, error)
	// Keep stores the answer to the request that has the claim.
	Keep(ctx context.Context, claim walletport.AnswerClaim, answer walletport.KeptAnswer) error
	// Drop gives a claim back, but not what its request has made.
	Drop(ctx context.Context, claim walletport.AnswerClaim) error
}

const (
	idempotencyHeader   = "Idempotency-Key"
	maxIdempotencyBytes = 64

	// leaseMargin is what a call may take beyond Limits.RequestTime until its answer is
	// kept. Who has a claim for longer is dead.
	leaseMargin = 10 * time.Second
)

var headerReplayed = []string{"true"}

// serveOnce answers a call that was let in and is done once for each key.
func (d *Door) serveOnce(c *Call) {
	key, err := idempotencyKey(c.r.Header)
	if err != nil {
		c.Refuse(err)
		return
	}
	if key == "" {
		d.API.Handler.ServeHTTP(c.w, c.r)
		return
	}
	claim, err := c.newClaim(key)
	if err != nil {
		c.Refuse(err)
		return
	}
	first, err := d.Answers.Claim(c.r.Context(), &claim, d.Limits.RequestTime+leaseMargin)
	switch {
	case err != nil:
		c.refuseClaim(err)
		return
	case first != nil:
		c.repeat(first)
		return
	}
	c.r = c.r.WithContext(walletport.WithAnswerClaim(c.r.Context(), claim))
	isWhole := false
	defer func() { c.settle(claim, isWhole) }()
	d.API.Handler.ServeHTTP(c.w, c.r)
	isWhole = true
}

// idempotencyKey returns the key of a request, "" without one.
func idempotencyKey(h http.Header) (string, error) {
	given := h[idempotencyHeader]
	switch {
	case len(given) == 0:
		return "", nil
	case len(given) > 1: // two readers might take different ones
		return "", walletport.ErrField("idempotency_key_repeated", idempotencyHeader, "must be given once")
	case !isIdempotencyKey(given[0]):
		return "", walletport.ErrField("idempotency_key_malformed", idempotencyHeader, "must be 1 to 64 visible characters of ASCII without spaces")
	}
	return given[0], nil
}

func isIdempotencyKey(text string) bool {
	return len(text) >= 1 && len(text) <= maxIdempotencyBytes && !strings.ContainsFunc(text, func(r rune) bool { return r < '!' || r > '~' })
}

// newClaim makes digests of who asks with which key, and of what is asked for. The request's
// is made with the key: whoever reads the database can try out what was asked for only where
// they can guess the key.
func (c *Call) newClaim(key string) (walletport.AnswerClaim, error) {
	body, err := io.ReadAll(c.r.Body) // readBody has left it in memory
	if err != nil {
		return walletport.AnswerClaim{}, err
	}
	c.setBody(body)
	// A client that acts for others than before has no claim on what it was answered then.
	issuers := slices.Clone(c.actor.Issuers)
	slices.Sort(issuers)
	who := sha256.New()
	writeTexts(who, c.actor.ClientID, key)
	writeTexts(who, issuers...)
	what := hmac.New(sha256.New, []byte(key))
	writeTexts(what, c.r.Method, c.op.Route, c.r.URL.Query().Encode(), string(body))
	writeTexts(what, c.arguments...)
	for _, name := range c.op.Once.Headers {
		writeTexts(what, c.r.Header[name]...)
	}
	var claim walletport.AnswerClaim
	who.Sum(claim.Key[:0])
	what.Sum(claim.Request[:0])
	return claim, nil
}

// writeTexts writes texts so that no others are written alike.
func writeTexts[T ~string](h hash.Hash, texts ...T) {
	length := func(n int) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	length(len(texts))
	for _, text := range texts {
		length(len(text))
		h.Write([]byte(text))
	}
}

// refuseClaim refuses a request that does not get its key, and records it: no flow will.
func (c *Call) refuseClaim(err error) {
	if code := walletport.CodeOf(err); code == walletport.CodeConflict || code == walletport.CodeRejected {
		if auditErr := c.recordUnseen(walletport.ReasonOf(err), ""); auditErr != nil {
			err = auditErr
		}
		err = Recorded(err)
	}
	c.Refuse(err)
}

// recordUnseen records the outcome of a call that no flow has seen. repeats is the id of the
// request whose answer it gets, "" for none.
func (c *Call) recordUnseen(outcome, repeats string) error {
	c.clean(nil)
	record, ok := c.recordOf(outcome)
	if !ok {
		return nil
	}
	record.SetDetail(walletport.DetailRepeats, repeats)
	return c.door.record(c, record)
}

// repeat gives the first answer again, once it is recorded who asked for it.
func (c *Call) repeat(first *walletport.KeptAnswer) {
	if err := c.recordUnseen(first.Outcome, first.RequestID); err != nil {
		c.Refuse(err)
		return
	}
	c.outcome = first.Outcome
	c.Note("repeats", first.RequestID)
	h := c.w.Header()
	h["Idempotent-Replayed"] = headerReplayed
	if first.ContentType != "" {
		h["Content-Type"] = []string{first.ContentType}
	}
	c.w.WriteHeader(first.Status)
	_, _ = c.w.Write(first.Body) // a caller who went away misses nothing
}

// KeepBody has a body kept for those who ask again, in place of the one that is answered
// with: for an answer with what must not be stored.
func (c *Call) KeepBody(body []byte) { c.keptBody = body }

// settle keeps the answer that is about to leave, or gives the claim back. That it cannot
// changes nothing of the answer, which is the truth: until the end of the lease the same
// request is refused, and then it runs again.
func (c *Call) settle(claim walletport.AnswerClaim, isWhole bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.r.Context()), recordTime)
	defer cancel()
	var err error
	if answer := c.answerToKeep(); isWhole && answer != nil {
		err = c.door.Answers.Keep(ctx, claim, *answer)
	} else {
		err = c.door.Answers.Drop(ctx, claim)
	}
	if err != nil {
		c.door.Log.LogAttrs(ctx, slog.LevelWarn, "an answer is not kept for its Idempotency-Key", slog.String("request_id", c.request.ID), slog.Any("err", err))
	}
}

// answerToKeep returns nil for an answer that is not final, or too long, or shows a request id
// that must not be stored (see API.Discreet).
func (c *Call) answerToKeep() *walletport.KeptAnswer {
	h := c.w.Header()
	if c.w.sent || h["X-Request-Id"][0] != c.request.ID || c.w.status >= http.StatusInternalServerError || h["Retry-After"] != nil {
		return nil
	}
	answer := walletport.KeptAnswer{Status: c.w.status, ContentType: h.Get("Content-Type"), Body: c.keptBody, Outcome: c.outcome, RequestID: c.request.ID}
	if answer.Status == 0 {
		answer.Status = http.StatusOK
	}
	if answer.Body == nil && c.w.held != nil {
		answer.Body = slices.Clone(c.w.held.Bytes())
	}
	return &answer
}

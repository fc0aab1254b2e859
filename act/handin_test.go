package act_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
)

// halves is a trail that notes what it is handed in and told, and may refuse either.
type halves struct {
	lines  []string
	submit error // what Submit answers
	record error // what Record answers, or else what Submit does
	commit error // how what was submitted ends
}

func (h *halves) Submit(r walletport.AuditRecord) (walletport.Receipt, error) {
	h.lines = append(h.lines, "hand in "+r.Outcome)
	if h.submit != nil {
		return nil, h.submit
	}
	return acttest.Kept{Err: h.commit}, nil
}

func (h *halves) Record(_ context.Context, r walletport.AuditRecord) error {
	h.lines = append(h.lines, "record "+r.Outcome)
	return cmp.Or(h.record, h.submit)
}

// verdict is a guard of nonces that says so of each.
type verdict struct{ err error }

func (v verdict) UseNonce(context.Context, walletport.IssuerID, walletport.Wallet, []byte, time.Time) error {
	return v.err
}

// TestWhatFollowsAHandIn: the record says that the act is done before it is. Whatever
// happens then, there is no answer without a durable record, and none that tells of a
// payload stands alone where nobody got one.
func TestWhatFollowsAHandIn(t *testing.T) {
	errSeal := walletport.Errorf(walletport.CodeInternal, "internal", "a bug of the encoder")
	errReused := walletport.Errorf(walletport.CodeConflict, "nonce_reused", "the nonce was used before")
	errTrail := walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the disk is full")
	errAny := errors.New("whatever comes of it")
	for _, c := range []struct {
		name   string
		trail  halves
		nonce  error
		seal   error
		panics bool
		leaves bool // the caller, while the card is sealed
		lines  []string
		result string
		err    error
	}{
		{name: "the card is sealed", lines: []string{"hand in ok", "seal"}, result: "payload"},
		{name: "sealing fails", seal: errSeal, lines: []string{"hand in ok", "seal", "record internal"}, err: errSeal},
		{name: "the nonce was used before", nonce: errReused, lines: []string{"record nonce_reused"}, err: errReused},
		{name: "sealing panics", panics: true, lines: []string{"hand in ok", "seal", "record internal"}},
		{name: "the caller leaves", seal: context.Canceled, leaves: true, lines: []string{"hand in ok", "seal", "record stopped"}, err: context.Canceled},
		{name: "the record does not become durable", trail: halves{commit: errTrail}, lines: []string{"hand in ok", "seal"}, err: errTrail},
		{name: "the record does not become durable, and sealing fails", trail: halves{commit: errTrail}, seal: errAny, lines: []string{"hand in ok", "seal"}, err: errTrail},
		{name: "sealing fails, and the trail takes no second record", trail: halves{record: errTrail}, seal: errSeal, lines: []string{"hand in ok", "seal", "record internal"}, err: errTrail},
		{name: "sealing panics, and the trail takes no second record", trail: halves{record: errTrail}, panics: true, lines: []string{"hand in ok", "seal", "record internal"}},
		{name: "the trail takes no record", trail: halves{submit: errTrail}, lines: []string{"hand in ok", "record audit_unavailable"}, err: errTrail},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			p := h.Parts(t)
			p.Audit, p.Nonces = &c.trail, verdict{c.nonce}
			ctx, leave := context.WithCancel(acttest.AsBank(t.Context()))
			defer leave()
			result, fault, err := onCard(ctx, &p, func() (string, error) {
				c.trail.lines = append(c.trail.lines, "seal")
				if c.panics {
					panic("a bug")
				}
				if c.leaves {
					leave()
				}
				return "payload", c.seal
			})
			if result != c.result || !errors.Is(err, c.err) || (fault != nil) != c.panics {
				t.Errorf("result %q, error %v, panic %v", result, err, fault)
			}
			if !slices.Equal(c.trail.lines, c.lines) {
				t.Errorf("the trail saw %q, want %q", c.trail.lines, c.lines)
			}
		})
	}
}

// onCard seals the card when the record and a nonce are handed in.
func onCard(ctx context.Context, p *act.Parts, seal func() (string, error)) (result string, fault any, err error) {
	defer func() { fault = recover() }()
	result, err = act.OnCard(ctx, p, asked(), func(c *act.Call) (string, error) {
		if err := c.FindCard(ctx); err != nil {
			return "", err
		}
		if _, err := c.SelectKeys(keys.TAVSigning); err != nil {
			return "", err
		}
		if err := c.UseNonce(ctx, walletport.ApplePay, []byte("nonce")); err != nil {
			return "", err
		}
		var sealed string
		err := c.Borrow(ctx, func(*walletport.Card) (err error) {
			sealed, err = seal()
			return err
		})
		return sealed, err
	})
	return result, nil, err
}

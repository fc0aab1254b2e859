package act_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
)

// stopwatch notes which steps began and ended, in order.
type stopwatch struct{ seen []string }

func (w *stopwatch) StepBegan(s act.Step) (end func()) {
	w.seen = append(w.seen, "+"+string(s))
	return func() { w.seen = append(w.seen, "-"+string(s)) }
}

// TestStepsAreMeasured: each step that began ends, whatever becomes of the call.
func TestStepsAreMeasured(t *testing.T) {
	for _, c := range []struct {
		name   string
		card   walletport.CardID
		breaks func(h *acttest.House, p *act.Parts)
		steps  []string
	}{
		{"a call", acmeCard, nil, []string{"+look_up", "-look_up", "+nonce", "-nonce", "+open", "-open", "+seal", "-seal", "+record", "-record"}},
		{"no card", 9, nil, []string{"+look_up", "-look_up", "+record", "-record"}},
		{"a nonce that comes again", acmeCard, func(_ *acttest.House, p *act.Parts) { p.Nonces = verdict{errors.New("used")} },
			[]string{"+look_up", "-look_up", "+nonce", "-nonce", "+record", "-record"}},
		{"a card that does not open", acmeCard, func(h *acttest.House, _ *act.Parts) { h.ChangeKeys(keys.VaultKEK, nil) },
			[]string{"+look_up", "-look_up", "+nonce", "-nonce", "+open", "-open", "+record", "-record"}},
		{"a trail that takes nothing", acmeCard, func(_ *acttest.House, p *act.Parts) { p.Audit = acttest.BrokenAudit{} },
			[]string{"+look_up", "-look_up", "+nonce", "-nonce", "+open", "-open", "+seal", "-seal", "+record", "-record"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			p := h.Parts(t)
			w := &stopwatch{}
			p.Steps = w
			if c.breaks != nil {
				c.breaks(h, &p)
			}
			_, err := all(acttest.AsBank(t.Context()), &p, asked(func(r *act.Request) { r.CardID = c.card }), true)
			if (err == nil) != (c.name == "a call") {
				t.Error(err)
			}
			if !slices.Equal(w.seen, c.steps) {
				t.Errorf("steps %q, want %q", w.seen, c.steps)
			}
		})
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/tokens"
)

// oneToken says which token a command changes, and why.
type oneToken struct {
	ID     string `arg:"" help:"Token id, as tokens list has it."`
	Reason string `help:"lost, stolen, fraud, closed or other; each scheme has a code for it." placeholder:"WHY"`
	JSON   bool   `help:"Print JSON: the token as it is after."`
	tokensLocation
}

// change has the scheme change the token, and prints what the token is then.
func (c oneToken) change(ctx context.Context, con console, action walletport.TokenAction) error {
	reason := walletport.TokenReason("")
	if c.Reason != "" {
		var err error
		if reason, err = walletport.ParseTokenReason(c.Reason); err != nil {
			return usagef("--reason is lost, stolen, fraud, closed or other")
		}
	}
	id, err := walletport.ParseTokenID(c.ID)
	if err != nil {
		return err
	}
	return c.ask(ctx, func(ctx context.Context, o *operator, flow *tokens.Flow) error {
		changed, err := flow.Change(ctx, tokens.ChangeRequest{
			TokenID: id, Action: action, Reason: reason, AuditUser: osUser(), Channel: tokens.ChannelCommand,
		})
		if walletport.ReasonOf(err) == tokens.ReasonOutcomeUnknown {
			con.complain(err)
			fmt.Fprintf(con.Err, "A server finds out what became of it. Look with: walletport tokens show %s\nIf it was not done, do it again.\n", id)
			return errOutcomeUnknown
		}
		if err != nil {
			return err
		}
		row, err := o.db.Token(ctx, id)
		if err != nil {
			return fmt.Errorf("it is done, as change %s, but the token cannot be shown: %w", changed.ChangeID, err)
		}
		if c.JSON {
			return json.NewEncoder(con.Out).Encode(struct {
				ChangeID string    `json:"changeId"`
				Token    tokenJSON `json:"token"`
			}{changed.ChangeID, tokenOf(changed.Token, row)})
		}
		fmt.Fprintf(con.Out, "token %s is %s\n", id, statusText(changed.Token.Status))
		if len(row.Holders) > 0 {
			fmt.Fprintf(con.Out, "held by %s\n", holdersText(row.Holders))
		}
		return nil
	})
}

type tokensSuspendCommand struct{ oneToken }

func (tokensSuspendCommand) Help() string {
	return `The token cannot pay until everybody who holds it lets go: the issuer, with resume, and the cardholder or the wallet, who hold
it by themselves. ` + changeHelp + `

Examples:
  walletport tokens suspend 7 --config walletport.yaml
  walletport tokens suspend 7 --reason lost --json --config walletport.yaml`
}

// changeHelp says of every change how it ends.
const changeHelp = `Exit status 0: it is done; 1: it is not; 3: nobody knows yet. A server finds it out; look with tokens show, and
if it was not done, do it again.`

func (c tokensSuspendCommand) Run(ctx context.Context, con console) error {
	return c.change(ctx, con, walletport.TokenSuspend)
}

type tokensResumeCommand struct{ oneToken }

func (tokensResumeCommand) Help() string {
	return `Takes the issuer's own hold back, and no other: a token that its cardholder holds too stays suspended. ` + changeHelp + `

Examples:
  walletport tokens resume 7 --config walletport.yaml`
}

func (c tokensResumeCommand) Run(ctx context.Context, con console) error {
	return c.change(ctx, con, walletport.TokenResume)
}

type tokensActivateCommand struct{ oneToken }

func (tokensActivateCommand) Help() string {
	return `For a token that waits for its activation, once it is sure that the cardholder asked for it. ` + changeHelp + `

Examples:
  walletport tokens activate 7 --config walletport.yaml`
}

func (c tokensActivateCommand) Run(ctx context.Context, con console) error {
	return c.change(ctx, con, walletport.TokenActivate)
}

type tokensDeactivateCommand struct{ oneToken }

func (tokensDeactivateCommand) Help() string {
	return `Nothing brings the token back; the card and its other tokens can still pay. ` + changeHelp + `

Examples:
  walletport tokens deactivate 7 --reason stolen --config walletport.yaml`
}

func (c tokensDeactivateCommand) Run(ctx context.Context, con console) error {
	return c.change(ctx, con, walletport.TokenDeactivate)
}

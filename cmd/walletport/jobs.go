package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
)

type jobsCommand struct {
	List    jobsListCommand    `cmd:"" help:"List jobs that are parked, and count those that wait."`
	Redrive jobsRedriveCommand `cmd:"" help:"Let a parked job be done again."`
	Drop    jobsDropCommand    `cmd:"" help:"Delete a parked job for good."`
}

func (jobsCommand) Help() string {
	return `Jobs are work that servers do later (docs/operations.md). One that cannot go on is parked: nobody does it until it is re-driven.

Examples:
  walletport jobs list --config walletport.yaml
  walletport jobs redrive 7 --config walletport.yaml
  walletport jobs drop 7 --yes --config walletport.yaml`
}

type jobsListCommand struct {
	Limit int  `default:"100" help:"How many of each kind at most."`
	JSON  bool `help:"Print JSON, one job a line."`
	location
}

func (jobsListCommand) Help() string {
	return `Examples:
  walletport jobs list --config walletport.yaml
  walletport jobs list --json --config walletport.yaml`
}

// parkedJSON is a parked job as scripts read it.
type parkedJSON struct {
	ID       int64     `json:"id"`
	Kind     jobs.Kind `json:"kind"`
	Key      string    `json:"key"` // "token 12": what the work is about
	Attempts int       `json:"attempts"`
	Reason   string    `json:"reason"`
	Parked   time.Time `json:"parkedAt"`
}

func (c jobsListCommand) Run(ctx context.Context, con console) error {
	if c.Limit < 1 {
		return usagef("--limit: at least 1")
	}
	settings, err := c.load()
	if err != nil {
		return err
	}
	db, err := server.OpenDatabase(ctx, settings.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	for i, kind := range server.JobKinds() {
		parked, err := db.ParkedJobs(ctx, kind, 0, c.Limit)
		if err != nil {
			return err
		}
		if c.JSON {
			err = printJobsJSON(con, parked)
		} else {
			err = printJobs(ctx, con, db, i == 0, kind, parked)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func printJobsJSON(con console, parked []jobs.Parked) error {
	lines := json.NewEncoder(con.Out)
	for _, j := range parked {
		err := lines.Encode(parkedJSON{int64(j.ID), j.Kind, server.JobOf(j.Key), j.Attempts, j.Reason, j.At.UTC()})
		if err != nil {
			return err
		}
	}
	return nil
}

func printJobs(ctx context.Context, con console, db server.Database, first bool, kind jobs.Kind, parked []jobs.Parked) error {
	depth, err := db.JobDepth(ctx, kind)
	if err != nil {
		return err
	}
	if !first {
		fmt.Fprintln(con.Out)
	}
	fmt.Fprintf(con.Out, "%s: %d to be done, %d parked\n", kind, depth.Waiting, depth.Parked)
	if len(parked) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(con.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tOF\tATTEMPTS\tREASON\tPARKED")
	for _, j := range parked {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", j.ID, server.JobOf(j.Key), j.Attempts, j.Reason, timeText(j.At, "-"))
	}
	return table.Flush()
}

type jobsRedriveCommand struct {
	ID int64 `arg:"" help:"Job id."`
	location
}

func (jobsRedriveCommand) Help() string {
	return `The job has all its attempts again, and a server does it at once.

Examples:
  walletport jobs redrive 7 --config walletport.yaml`
}

func (c jobsRedriveCommand) Run(ctx context.Context, con console) error {
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		if err := o.changeJob(ctx, jobs.ID(c.ID), "redrive", storage.Tx.RedriveJob); err != nil {
			return err
		}
		_, err := fmt.Fprintf(con.Out, "job %d will be done\n", c.ID)
		return err
	})
}

type jobsDropCommand struct {
	ID  int64 `arg:"" help:"Job id."`
	Yes bool  `help:"Really delete it; what it was to do is then never done."`
	location
}

func (jobsDropCommand) Help() string {
	return `What the job was to do is then never done: a change of a token that it was to resolve stays open, and no other change of that
token begins.

Examples:
  walletport jobs drop 7 --yes --config walletport.yaml`
}

func (c jobsDropCommand) Run(ctx context.Context, con console) error {
	if !c.Yes {
		return usagef("say --yes to delete this job for good")
	}
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		if err := o.changeJob(ctx, jobs.ID(c.ID), "drop", storage.Tx.DropJob); err != nil {
			return err
		}
		_, err := fmt.Fprintf(con.Out, "job %d is deleted\n", c.ID)
		return err
	})
}

// changeJob changes a parked job, with a record of it in the same commit.
func (o *operator) changeJob(ctx context.Context, id jobs.ID, what string, do func(storage.Tx, jobs.ID) error) error {
	intended := act.Request{Action: walletport.ActionJobsChange}
	intended.SetDetail(walletport.DetailChange, what)
	intended.SetDetail(walletport.DetailJob, id.String())
	return o.change(ctx, intended, func(tx storage.Tx, _ *act.Record) error { return do(tx, id) })
}

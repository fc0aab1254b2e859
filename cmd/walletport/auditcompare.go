package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
)

type auditCompareCommand struct {
	File []string `arg:"" help:"The exports, in the order of their records; - is standard input."`
	trust
	JSON bool `help:"Print JSON."`
	unrecorded
	location
}

func (c auditCompareCommand) Run(ctx context.Context, con console) error {
	trusted, err := c.keys(c.location)
	if err != nil {
		return err
	}
	return c.opened(ctx, func(ctx context.Context, o *operator) error { return c.compare(ctx, con, o, trusted) })
}

func (c auditCompareCommand) compare(ctx context.Context, con console, o *operator, trusted []audit.TrustedKey) error {
	comparer, err := audit.NewComparer(ctx, o.db, trusted)
	if err != nil {
		return err
	}
	err = eachExport(ctx, con.In, c.File, comparer.Next)
	if foreign := o.foreign(ctx, err); foreign != nil && len(c.Key) == 0 {
		return foreign
	}
	broken, isBreak := errors.AsType[*audit.Break](err)
	if err != nil && !isBreak {
		return err
	}
	comparison := comparer.Result()
	printErr := c.print(con, comparison, broken, err)
	outcome := walletport.OutcomeOK
	if isBreak {
		outcome = "audit_" + string(broken.Kind)
	}
	return c.recorded(con, printErr, c.record(ctx, o, walletport.ActionAuditCompare, comparison.Export, outcome))
}

func (c auditCompareCommand) print(con console, r audit.Comparison, broken *audit.Break, err error) error {
	more := max(r.Last-r.Export.LastSeq, 0)
	missing := int64(0) // at the trail's end
	if broken != nil && broken.Kind == audit.Truncated && broken.Seq == r.Last+1 {
		missing = max(r.Export.LastSeq-r.Last, 0)
	}
	if c.JSON {
		encodeErr := json.NewEncoder(con.Out).Encode(struct {
			Same     bool       `json:"same"`
			Records  int64      `json:"records"`
			FirstSeq int64      `json:"firstSeq"`
			LastSeq  int64      `json:"lastSeq"`
			Trail    int64      `json:"trailLastSeq"`
			More     int64      `json:"more"`
			Missing  int64      `json:"missing,omitempty"`
			Break    *breakJSON `json:"break,omitempty"`
		}{broken == nil, r.Same, r.Export.FirstSeq, r.Export.LastSeq, r.Last, more, missing, newBreakJSON(broken)})
		if encodeErr != nil || broken == nil {
			return encodeErr
		}
		return errFault
	}
	if broken != nil {
		fmt.Fprintln(con.Out, err)
		fmt.Fprintf(con.Out, "the same before it: %d records; the trail ends at record %d\n", r.Same, r.Last)
		if missing > 0 {
			fmt.Fprintf(con.Out, "the archive has %d more, up to record %d: so looks a database that was restored from an older backup, or cut back\n", missing, r.Export.LastSeq)
		}
		return errFault
	}
	_, err = fmt.Fprintf(con.Out, "the trail is the same from record %d to %d, exported up to %s, and has %d more\n",
		r.Export.FirstSeq, r.Export.LastSeq, r.Export.LastTime.Format(time.RFC3339), more)
	return err
}

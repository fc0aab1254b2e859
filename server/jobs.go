package server

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/telemetry"
	"github.com/walletport/walletport/tokens"
)

// JobKinds lists the kinds of jobs that servers do.
func JobKinds() []jobs.Kind {
	return []jobs.Kind{tokens.ResolveKind, clicktopay.RequestKind, clicktopay.PortfolioKind}
}

// startJobs starts the worker that does what was put off, in this process for all replicas.
func (s *Server) startJobs(ctx context.Context, works []jobs.Work) error {
	for i, work := range works {
		s.jobKinds = append(s.jobKinds, work.Kind)
		works[i].Handler = tracedHandler{handler: work.Handler, tracer: s.tracer()}
	}
	worker, err := jobs.NewWorker(jobs.Config{
		Queue: s.Database, Works: works, Clock: s.clock,
		Observer: &jobObserver{metrics: s.metrics, log: s.log, clock: s.clock},
	})
	if err != nil {
		return err
	}
	s.background.start(ctx, "jobs", upkeep, worker.Run)
	return nil
}

// tracedHandler has a span for each attempt, so that the calls that it makes are in one.
type tracedHandler struct {
	handler jobs.Handler
	tracer  trace.Tracer // nil makes none
}

func (h tracedHandler) Handle(ctx context.Context, job jobs.Job) error {
	ctx, ended := telemetry.BeginJob(ctx, h.tracer, string(job.Kind))
	code := "panic" // unless the handler returns
	defer func() { ended(code) }()
	err := h.handler.Handle(ctx, job)
	code = ""
	if err != nil {
		code = walletport.ReasonOf(err)
	}
	return err
}

// jobObserver turns what the worker of jobs tells into metrics and log lines.
type jobObserver struct {
	metrics *telemetry.Metrics
	log     *slog.Logger
	clock   func() time.Time
	toldAt  atomic.Int64 // Unix milliseconds at which a failure of the queue was logged last
}

func (o *jobObserver) Began(kind jobs.Kind, _ int, waited time.Duration) {
	o.metrics.JobBegan(string(kind), waited)
}

func (o *jobObserver) Ended(job jobs.Job, outcome jobs.Outcome, took time.Duration, err error) {
	o.metrics.JobEnded(string(job.Kind), string(outcome), took)
	switch outcome {
	case jobs.Done, jobs.GiveBack:
	case jobs.Park:
		o.tell(slog.LevelError, "a job is parked: nobody does it until somebody says so (walletport jobs list)", job, err)
	case jobs.Again:
		level := slog.LevelInfo
		if errors.Is(err, jobs.ErrNotYet) { // that a scheme is still at work is no news
			level = slog.LevelDebug
		}
		o.tell(level, "a job is tried again later", job, err)
	case jobs.Lost:
		o.tell(slog.LevelWarn, "a job took longer than its lease, so somebody else may do it too", job, err)
	}
}

// JobOf says for people what a job is about, as "token 12". They know customers by the issuer's
// number, which a key has not: "customer row 12".
func JobOf(key jobs.Key) string {
	of := key.Of
	if of == clicktopay.KeyOf {
		of += " row"
	}
	return of + " " + strconv.FormatInt(key.ID, 10)
}

// tell logs how an attempt ended.
func (o *jobObserver) tell(level slog.Level, what string, job jobs.Job, err error) {
	o.log.LogAttrs(context.Background(), level, what, slog.String("kind", string(job.Kind)), slog.String("of", JobOf(job.Key)),
		slog.Int("attempt", job.Attempt), slog.Any("err", err))
}

func (o *jobObserver) Depth(kind jobs.Kind, d jobs.Depth) {
	o.metrics.JobDepth(string(kind), d.Waiting, d.Oldest, d.Parked)
}

// queueFaultEvery is how often the log has a queue that does not answer: it is asked again
// each second, and readiness tells of the database.
const queueFaultEvery = time.Minute

func (o *jobObserver) Failed(err error) {
	o.metrics.JobQueueFailed()
	now, told := o.clock().UnixMilli(), o.toldAt.Load()
	if told != 0 && now >= told && now-told < queueFaultEvery.Milliseconds() || !o.toldAt.CompareAndSwap(told, now) {
		return
	}
	o.log.Error("the queue of jobs does not answer; it is asked again", "err", err)
}

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// engines are two servers, each with a database of its own: one by the engine of RSA that a
// server chooses, which is OpenSSL's where it is, the other by Go's.
type engines struct{ usual, byGo *running }

// engineRates is what one call gives with each engine in a round.
type engineRates struct {
	callRates           // ofGoRSA is 0
	byGo      callRates // in a closed loop alone; zero of a call without RSA
}

// engineSpreads is what it gives in all rounds.
type engineSpreads struct {
	callSpreads
	byGo callSpreads
}

// startEngines sets both up on databases of their own, or the usual one alone where no call holds
// RSA.
func (b callBench) startEngines(ctx context.Context, d database) (e engines, err error) {
	if e.usual, err = b.startEngine(ctx, d, "", false); err != nil {
		return e, err
	}
	if !slices.ContainsFunc(b.calls, func(c httpCall) bool { return c.work != noRSA }) {
		return e, nil
	}
	if e.byGo, err = b.startEngine(ctx, d, "-go", true); err != nil {
		return e, e.usual.stop(err)
	}
	return e, nil
}

func (b callBench) startEngine(ctx context.Context, d database, suffix string, byGo bool) (*running, error) {
	url, err := d.create()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, d.name+suffix)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	s, err := newSetup(b.program, dir, url, b.material, callCards, "")
	if err != nil {
		return nil, err
	}
	if byGo {
		if err := s.useGoRSA(); err != nil {
			return nil, err
		}
	}
	return s.start(ctx, 0)
}

// useGoRSA has the server work with RSA keys by Go, whatever there is.
func (s *setup) useGoRSA() error {
	text, err := os.ReadFile(s.path(configName(0)))
	if err != nil {
		return err
	}
	changed := bytes.Replace(text, []byte("\nkeys: {"), []byte("\nkeys: {rsa: go, "), 1)
	if bytes.Equal(text, changed) {
		return errors.New("the configuration has no section of keys")
	}
	return os.WriteFile(s.path(configName(0)), changed, 0o600)
}

// stop is as that of a server, of both.
func (e engines) stop(failed error) error {
	servers := []*running{e.usual}
	if e.byGo != nil {
		servers = append(servers, e.byGo)
	}
	return stopAll(servers, failed)
}

// engineTargets are a call on both servers; byGo is nil of a call without RSA.
type engineTargets struct{ usual, byGo *target }

// targets returns the call's, warm.
func (e engines) targets(ctx context.Context, c httpCall, m material) (t engineTargets, err error) {
	t.usual = c.of(e.usual, m)
	if _, err := closedLoop(ctx, t.usual, connections, warmUp); err != nil || c.work == noRSA {
		return t, err
	}
	t.byGo = c.of(e.byGo, m)
	_, err = closedLoop(ctx, t.byGo, connections, warmUp)
	return t, err
}

// measure measures a call on one server after the other.
func (e engines) measure(ctx context.Context, t engineTargets, m material, work rsaWork, span time.Duration) (rates engineRates, err error) {
	if rates.callRates, err = measureRound(ctx, []*running{e.usual}, t.usual, span); err != nil || t.byGo == nil {
		return rates, err
	}
	rates.byGo, err = measureBetweenLimits(ctx, e.byGo, t.byGo, m, work, span)
	return rates, err
}

func engineSpreadsOf(rounds []engineRates) engineSpreads {
	var usual, byGo []callRates
	for _, r := range rounds {
		usual, byGo = append(usual, r.callRates), append(byGo, r.byGo)
	}
	return engineSpreads{callSpreads: spreadsOf(usual), byGo: spreadsOf(byGo)}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// engines are two servers, each with a database of its own: one by the engine of RSA that a
// server chooses, which is OpenSSL's where it is, the other by Go's.
type engines struct{ usual, byGo *engineServer }

// engineServer is a running server and what it was started from.
type engineServer struct {
	*running
	setup *setup
}

// engineRates is what one call gives with each engine.
type engineRates struct {
	callRates           // ofGoRSA is 0
	byGo      callRates // in a closed loop alone; zero of a call without RSA
}

// startEngines sets both up on databases that create makes, or the usual one alone where no
// call holds RSA.
func (b callBench) startEngines(ctx context.Context, database string, create func() (url string, err error)) (e engines, err error) {
	if e.usual, err = b.startEngine(ctx, database, create, false); err != nil {
		return e, err
	}
	if !slices.ContainsFunc(b.calls, func(c httpCall) bool { return c.work != noRSA }) {
		return e, nil
	}
	if e.byGo, err = b.startEngine(ctx, database+"-go", create, true); err != nil {
		return e, errors.Join(err, e.usual.stop())
	}
	return e, nil
}

func (b callBench) startEngine(ctx context.Context, name string, create func() (url string, err error), byGo bool) (*engineServer, error) {
	url, err := create()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, name)
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
	r, err := s.start(ctx, 0)
	return &engineServer{r, s}, err
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

func (e engines) stop() error {
	err := e.usual.stop()
	if e.byGo != nil {
		err = errors.Join(err, e.byGo.stop())
	}
	return err
}

// said is the end of what the servers wrote into their logs.
func (e engines) said() string {
	var all strings.Builder
	for _, s := range []*engineServer{e.usual, e.byGo} {
		if s == nil {
			continue
		}
		log, _ := os.ReadFile(s.setup.path(logName(0))) // it may say nothing
		fmt.Fprintf(&all, "%s\n", log[max(0, len(log)-2000):])
	}
	return all.String()
}

// engineTargets are a call on both servers; byGo is nil of a call without RSA.
type engineTargets struct{ usual, byGo *target }

// targets returns the call's, warm.
func (e engines) targets(ctx context.Context, c httpCall, m material) (t engineTargets, err error) {
	t.usual = c.of(e.usual.running, m)
	if _, err := closedLoop(ctx, t.usual, connections, warmUp); err != nil || c.work == noRSA {
		return t, err
	}
	t.byGo = c.of(e.byGo.running, m)
	_, err = closedLoop(ctx, t.byGo, connections, warmUp)
	return t, err
}

// measure measures a call on one server after the other.
func (e engines) measure(ctx context.Context, t engineTargets, m material, work rsaWork, span time.Duration) (rates engineRates, err error) {
	if rates.callRates, err = measureRound(ctx, []*running{e.usual.running}, t.usual, span); err != nil || t.byGo == nil {
		return rates, err
	}
	rates.byGo, err = measureBetweenLimits(ctx, e.byGo.running, t.byGo, m, work, span)
	return rates, err
}

func engineMediansOf(rounds []engineRates) (medians engineRates) {
	var usual, byGo []callRates
	for _, r := range rounds {
		usual, byGo = append(usual, r.callRates), append(byGo, r.byGo)
	}
	return engineRates{callRates: mediansOf(usual), byGo: mediansOf(byGo)}
}

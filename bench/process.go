package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// measureSelf starts this program again, pinned, to measure one thing (see child).
func measureSelf(m material, what string, seconds int, into any) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := pinned(serverCore, self, "-child", what, "-seconds", strconv.Itoa(seconds))
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	return measure(cmd, m, what, into)
}

// measureNode has a script measure what node's libraries do.
func measureNode(m material, what string, seconds int, into any) error {
	return measure(pinned(serverCore, "node", "oracle/rate.js", what, strconv.Itoa(seconds)), m, "node's "+what, into)
}

// measure gives a process the material and reads what it measured, JSON.
func measure(cmd *exec.Cmd, m material, what string, into any) error {
	input, err := json.Marshal(m)
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		return fmt.Errorf("measure %s: %w", what, err)
	}
	return nil
}

// child measures one thing in this process and prints as JSON how many jobs are done
// in a second: of ours, of a peer, or of RSA alone.
func child(in io.Reader, out io.Writer, what string, seconds int) error {
	switch what {
	case "schemes":
		return answerForSchemes(in, out)
	case "clicktopay":
		return answerForClickToPay(in, out)
	}
	var m material
	if err := json.NewDecoder(in).Decode(&m); err != nil {
		return err
	}
	span := time.Duration(seconds) * time.Second
	if work, ok := strings.CutPrefix(what, "rsa "); ok {
		rate, err := goRSARate(m, work, span)
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(rate)
	}
	newJob, ok := jobs()[what]
	if !ok {
		return errors.New("there is no job of that name")
	}
	job, err := newJob(m)
	if err != nil {
		return err
	}
	rate, err := perSecond(job, span)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(rate)
}

// perSecond repeats the job for the span.
func perSecond(job func() error, span time.Duration) (float64, error) {
	start, done := time.Now(), 0
	for time.Since(start) < span {
		if err := job(); err != nil {
			return 0, err
		}
		done++
	}
	return float64(done) / time.Since(start).Seconds(), nil
}

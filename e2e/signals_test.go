package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lines returns the log lines of a server with that message, and fails for a line
// that is no JSON.
func (p *process) lines(t *testing.T, message string) []string {
	t.Helper()
	var found []string
	scanner := bufio.NewScanner(strings.NewReader(p.out.String()))
	for scanner.Scan() {
		var line struct{ Msg string }
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Errorf("the server wrote a line that is no JSON: %s", scanner.Text())
		}
		if strings.Contains(line.Msg, message) {
			found = append(found, scanner.Text())
		}
	}
	return found
}

func TestHangupReloadsAndTermStops(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "trace: {endpoint: \"http://127.0.0.1:1/v1/traces\", sample_ratio: 1}\n")
	s := p.mustServe(t)
	s.mustSignal(t, syscall.SIGHUP)
	eventually(t, "the server says that it reloaded", func() bool { return len(s.lines(t, "files reloaded")) == 1 })
	mustWrite(t, p.dir+"/keystore.age", "no key store any more")
	s.mustSignal(t, syscall.SIGHUP)
	eventually(t, "the server says that it did not reload", func() bool { return len(s.lines(t, "not all files reloaded")) == 1 })
	s.provision(serveCardID, wallet, "after-hangups").mustPayload(t)

	s.mustStop(t)
	for _, message := range []string{"stopping: readiness says no", "listener closes", "stopped: every accepted request was answered"} {
		if got := s.lines(t, message); len(got) != 1 {
			t.Errorf("%q stands in %d lines, want 1", message, len(got))
		}
	}
	if got := s.lines(t, "stopping")[0]; !strings.Contains(got, "terminated") {
		t.Errorf("the line does not name the signal: %s", got)
	}
	// The span of the call could not be exported, which is said in JSON too: lines checks.
	if len(s.lines(t, "tracing does not work"))+len(s.lines(t, "spans lost at shutdown")) == 0 {
		t.Error("nothing says that spans were lost")
	}
}

func TestServerSurvivesTheEndOfItsLogPipe(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "")
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &process{cmd: exec.Command(mustProgram(t), "serve", "--config", p.configPath()), exited: make(chan struct{})}
	s.cmd.Env = append(cleanEnv(), "WALLETPORT_HTTP__LISTEN="+plainHTTP)
	s.cmd.Stderr = writer
	if err := startBound(s.cmd, s.exited); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); <-s.exited })
	_ = writer.Close()
	url := ""
	for scanner := bufio.NewScanner(reader); url == "" && scanner.Scan(); {
		var line struct{ Msg, URL string }
		if json.Unmarshal(scanner.Bytes(), &line) == nil && line.Msg == "serving" {
			url = line.URL
		}
	}
	_ = reader.Close() // nobody reads on

	c := newCaller(url+"/wallet", p.client)
	for range 3 {
		c.provision(serveCardID, wallet, "unread").mustPayload(t)
	}
	if got := strings.TrimSuffix(c.base, "/wallet"); !strings.Contains(mustGet(t, got+"/readyz"), "log lines are lost") {
		t.Error("readiness does not warn")
	}
	s.mustStop(t)
}

func mustGet(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var text strings.Builder
	if _, err := bufio.NewReader(answer.Body).WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestKeepAliveCallersSeeNoDisconnect calls over kept connections while the server
// drains: each call is answered, and told to go elsewhere.
func TestKeepAliveCallersSeeNoDisconnect(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "http: {drain: 3s}\n")
	s := p.mustServe(t)
	const callers = 8
	ended := make(chan string, callers)
	for range callers {
		c := newCaller(s.base, p.client)
		go func() {
			closed := 0
			for {
				a := c.provision(serveCardID, wallet, "kept")
				// What the server says comes by another way than the end of a connection.
				if a.err != nil && closed > 0 && s.says("listener closes") {
					ended <- "" // it is gone, as was announced
					return
				}
				if a.err != nil || a.status != http.StatusOK {
					ended <- a.String()
					return
				}
				if a.closes {
					closed++
				}
			}
		}()
	}
	eventually(t, "calls are answered", func() bool { return strings.Count(s.out.String(), `"kept"`) > callers })
	s.mustSignal(t, syscall.SIGTERM)
	for range callers {
		select {
		case fault := <-ended:
			if fault != "" {
				t.Error(fault)
			}
		case <-time.After(patience):
			t.Fatal("a caller does not end")
		}
	}
	if code := s.mustExit(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestHangupWhileTheServerStarts is heard when it serves, and ends nothing. The server
// waits for its configuration meanwhile.
func TestHangupWhileTheServerStarts(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "")
	config := fmt.Sprintf("http: {listen: %q}\ndatabase: {url: %q}\nkeys: {file: %q, key_file: %q}\n",
		plainHTTP, "sqlite:"+filepath.Join(p.dir, "walletport.db"), filepath.Join(p.dir, "keystore.age"), filepath.Join(p.dir, "keystore.key"))
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{process: mustStartReading(t, reader, "serve", "--config", "/dev/stdin")}
	_ = reader.Close()
	// More than a pipe holds: once it is written, the server reads.
	if _, err := writer.WriteString(strings.Repeat("# nothing but a comment\n", 10_000)); err != nil {
		t.Fatal(err)
	}
	s.mustSignal(t, syscall.SIGHUP)
	if _, err := writer.WriteString(config + serveWallets); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	s.mustURL(t)
	eventually(t, "the server says that it reloaded", func() bool { return len(s.lines(t, "files reloaded")) == 1 })
	s.mustStop(t)
}

// TestHangupsDoNotKillAServerThatEnds: what it was asked has to reach the trail.
func TestHangupsDoNotKillAServerThatEnds(t *testing.T) {
	t.Parallel()
	s := mustProduction(t, "", "").mustServe(t)
	s.mustSignal(t, syscall.SIGTERM)
	for !s.hasExited() {
		s.mustSignalIfRunning(t, syscall.SIGHUP)
	}
	if code := s.mustExit(t); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

package clicktopaysim_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/sim/clicktopaysim/register"
)

// The process that is killed finds its folder in the environment, with the register in it
// and all keys in a file. Its requests run as long as the file delayFile says.
const (
	killFolder = "WALLETPORT_TEST_CLICKTOPAY_FOLDER"
	keysFile   = "keys.pem"
	delayFile  = "delay"
)

// TestServeUntilKilled is that process. It tells its address, and serves.
func TestServeUntilKilled(t *testing.T) {
	dir := os.Getenv(killFolder)
	if dir == "" {
		t.Skip("runs as a process of TestAKill only")
	}
	s := newSettings(filepath.Join(dir, "clicktopay"), time.Now)
	s.register.Delay = func(register.Call) time.Duration {
		return must(time.ParseDuration(string(must(os.ReadFile(filepath.Join(dir, delayFile))))))
	}
	handler, _ := mount(t, s)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("serves http://%s\n", listener.Addr())
	server := http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	t.Fatal(server.Serve(listener))
}

func setDelay(t *testing.T, dir string, d time.Duration) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, delayFile), []byte(d.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serveApart starts the process on a folder; kill ends it as kill -9 does.
func serveApart(t *testing.T, dir string) (w *world, kill func()) {
	t.Helper()
	keys := ""
	for _, key := range pairs() {
		keys += privatePEM(t, key)
	}
	if err := os.WriteFile(filepath.Join(dir, keysFile), []byte(keys), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0], "-test.run=^TestServeUntilKilled$")
	command.Env = append(os.Environ(), killFolder+"="+dir)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = command.Process.Kill() // SIGKILL; an error says that it is gone
		_ = command.Wait()
	}
	t.Cleanup(kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) == 2 && words[0] == "serves" {
			return &world{URL: words[1], dir: dir, clock: &clock{}}, kill
		}
	}
	t.Fatal("the process does not serve")
	return nil, kill
}

func TestAKill(t *testing.T) {
	dir := t.TempDir()
	setDelay(t, dir, 0)
	w, kill := serveApart(t, dir)
	done := w.write(t, http.MethodPost, "enrollData", enrolment("c-1"))
	consumer, cards := w.read(t, "c-1")
	// The next one runs when the process dies, and its answer is lost on the way.
	setDelay(t, dir, time.Hour)
	if status, text := w.send(t, http.MethodPost, "/faults", `{"scheme":"clicktopay","call":"enrollPaymentInstruments","fault":"drop_after_commit"}`); status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	if a := w.ask(t, w.question(http.MethodPost, "enrollPaymentInstruments", body(ids("c-1"), card(otherPAN)))); a.status != 0 {
		t.Fatalf("%d %v", a.status, a.plain)
	}
	before := w.truth(t, "c-1")
	kill()
	again, _ := serveApart(t, dir)
	if diff := cmp.Diff(before, again.truth(t, "c-1")); diff != "" || before.Running == "" {
		t.Errorf("the truth (-before +after):\n%s", diff)
	}
	if status, outcome := again.outcome(t, done); status != "COMPLETED" || !slices.Equal(outcome, []string{"SUCCESS"}) {
		t.Errorf("the first: %s %v", status, outcome)
	}
	if a := again.ask(t, again.question(http.MethodPost, "getData", body(ids("c-1")))); a.reason() != "VIDC-3000" {
		t.Errorf("its lock: %d %v", a.status, a.plain)
	}
	// Let it end: it takes effect.
	again.act(t, "c-1", `{"as":"VISA","do":"stall"}`)
	again.act(t, "c-1", `{"as":"VISA","do":"go_on"}`)
	if status, outcome := again.outcome(t, before.Running); status != "COMPLETED" || !slices.Equal(outcome, []string{"SUCCESS"}) {
		t.Errorf("the second: %s %v", status, outcome)
	}
	sameConsumer, twoCards := again.read(t, "c-1")
	if len(twoCards) != 2 || !cmp.Equal(consumer, sameConsumer) || !cmp.Equal(cards[0], twoCards[0]) {
		t.Errorf("%v %v", sameConsumer, twoCards)
	}
}

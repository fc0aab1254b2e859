package tokenapi_test

import (
	"bufio"
	"crypto/rand"
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

	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

// The process that is killed finds its folder in the environment, with the vault in it and
// all keys in a file.
const (
	killFolder = "WALLETPORT_TEST_VTS_FOLDER"
	keysFile   = "keys.pem"
)

// TestServeUntilKilled is that process. It makes a token in an empty vault, tells address
// and token, and serves.
func TestServeUntilKilled(t *testing.T) {
	dir := os.Getenv(killFolder)
	if dir == "" {
		t.Skip("runs as a process of TestAChangeSurvivesAKill only")
	}
	vault, err := tokenvault.Open(filepath.Join(dir, "vts"), rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if len(vault.Tokens()) == 0 {
		provision(t, vault, googlePay(testPAN))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("serves http://%s %s\n", listener.Addr(), vault.Tokens()[0].TokenReferenceID)
	server := http.Server{Handler: mount(t, newConfig(vault)), ReadHeaderTimeout: time.Minute}
	t.Fatal(server.Serve(listener))
}

// serveApart starts the process on a folder; kill ends it as kill -9 does.
func serveApart(t *testing.T, dir string) (w *world, token tokenvault.Token, kill func()) {
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
		if words := strings.Fields(lines.Text()); len(words) == 3 && words[0] == "serves" {
			return &world{URL: words[1]}, tokenvault.Token{TokenReferenceID: words[2], TokenRequestorID: google}, kill
		}
	}
	t.Fatal("the process does not serve")
	return nil, token, kill
}

func TestAChangeSurvivesAKill(t *testing.T) {
	dir := t.TempDir()
	w, token, kill := serveApart(t, dir)
	if got := ask(t, w.lifecycle(t, token, operation("SUSPEND")))[0]; got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	// The next one is done, and its answer is lost on the way.
	if status, text := w.send(t, http.MethodPost, "/faults", `{"scheme":"vts","call":"lifecycle","fault":"drop_after_commit"}`); status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	if got := ask(t, w.lifecycle(t, token, operation("RESUME")))[0]; got.Status != 0 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	kill()
	again, same, _ := serveApart(t, dir)
	if same.TokenReferenceID != token.TokenReferenceID {
		t.Fatalf("the token is %s", same.TokenReferenceID)
	}
	s := again.story(t, token)
	want := []string{"TOKEN_REQUESTOR TOKEN_CREATED", "ISSUER SUSPEND", "ISSUER RESUME"}
	if s.Status != "ACTIVE" || len(s.Suspenders) != 0 || !slices.Equal(s.deeds(), want) {
		t.Errorf("the story is %+v", s)
	}
	// The card is found by the reference that it had.
	answers := ask(t, again.list(step{"seal": cardInfo(testPAN)}), again.details(token))
	if !strings.Contains(answers[0].Body, token.TokenReferenceID) || answers[1].sealed(t).TokenInfo.TokenStatus != "ACTIVE" {
		t.Errorf("after the kill: %+v", answers)
	}
}

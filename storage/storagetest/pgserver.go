package storagetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrNoPostgres says that the programs of a PostgreSQL server were not found.
var ErrNoPostgres = errors.New("no PostgreSQL server is installed here (initdb and postgres)")

// PostgresConfig says what server to start.
type PostgresConfig struct {
	// Durable makes commits wait for the disk, for benchmarks. Tests that never
	// pull the plug are faster without.
	Durable bool
	// StandbyOf is the URL of a database of the server that this one follows: it begins as a
	// copy, and takes no writes. Empty makes a server of its own.
	StandbyOf string
}

// PostgresServer is a PostgreSQL server of one's own, in a temporary folder, on a
// free port of the loopback interface. It is safe for concurrent use.
type PostgresServer struct {
	dir       string
	port      int
	process   *os.Process
	ended     chan struct{} // closed when the server process has ended
	admin     *pgxpool.Pool // of one session: a new one costs as much as a new database
	databases atomic.Int64
	copied    copied
}

// superuser owns the cluster; everybody on this machine may connect as it.
const superuser = "walletport"

// startAttempts is how often a start is tried: between finding a free port and the
// server listening on it somebody else may take it.
const startAttempts = 3

// StartPostgres makes a cluster and starts a server on it. The server ends with
// Stop, and on Linux also when this process ends in any other way.
func StartPostgres(ctx context.Context, c PostgresConfig) (*PostgresServer, error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "walletport-pg-")
	if err != nil {
		return nil, err
	}
	if err := makeCluster(ctx, bin, dir, c.StandbyOf); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for range startAttempts {
		var s *PostgresServer
		if s, err = startServer(ctx, bin, dir, c); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

// findPostgres returns the folder of the newest installed server. Debian does not
// put it on the path.
func findPostgres() (string, error) {
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	best, bestVersion := "", 0
	for _, path := range installed {
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		if err == nil && version > bestVersion {
			best, bestVersion = filepath.Dir(path), version
		}
	}
	if best != "" {
		return best, nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", ErrNoPostgres
	}
	return filepath.Dir(path), nil
}

// makeCluster makes the data folder: a new one, or that of a standby.
func makeCluster(ctx context.Context, bin, dir, standbyOf string) error {
	if standbyOf == "" {
		return initCluster(ctx, bin, dir)
	}
	attributes, err := unprivileged(dir)
	if err != nil {
		return err
	}
	arguments := []string{"-D", filepath.Join(dir, "data"), "-d", standbyOf, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"}
	command := exec.CommandContext(ctx, filepath.Join(bin, "pg_basebackup"), arguments...)
	command.Dir = dir
	command.SysProcAttr = attributes
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w: %s", err, output)
	}
	return nil
}

// initCluster makes a new data folder. Its collation is not that of C, so that a
// query which relies on the order of bytes without asking for it shows.
func initCluster(ctx context.Context, bin, dir string) error {
	attributes, err := unprivileged(dir)
	if err != nil {
		return err
	}
	arguments := []string{"-D", filepath.Join(dir, "data"), "-U", superuser, "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions"}
	collations := [][]string{{"--locale=C", "--locale-provider=icu", "--icu-locale=en-US"}, {"--locale=C"}}
	var output []byte
	for _, collation := range collations { // not every build has ICU
		command := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), append(arguments, collation...)...)
		command.Dir = dir
		command.SysProcAttr = attributes
		if output, err = command.CombinedOutput(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("initdb: %w: %s", err, output)
}

func startServer(ctx context.Context, bin, dir string, c PostgresConfig) (*PostgresServer, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	settings := []string{
		"-D", filepath.Join(dir, "data"), "-k", dir, "-h", "127.0.0.1", "-p", strconv.Itoa(port),
		"-c", "max_connections=200", "-c", "shared_buffers=128MB",
	}
	if !c.Durable {
		settings = append(settings, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	attributes, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	command := exec.Command(filepath.Join(bin, "postgres"), settings...) //nolint:noctx // it outlives the caller's context
	command.Dir = dir
	command.SysProcAttr = attributes
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command.Stdout, command.Stderr = log, log
	s := &PostgresServer{dir: dir, port: port, ended: make(chan struct{})}
	if s.admin, err = openAdmin(ctx, s.URL("postgres")); err != nil {
		return nil, err
	}
	if err := s.run(command); err != nil {
		s.admin.Close()
		return nil, err
	}
	if err := s.awaitReady(ctx); err != nil {
		s.kill()
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(string(text)))
	}
	return s, nil
}

// run starts the process from a thread that lives as long as it: on Linux the
// kernel ends the process when that thread does, which is how a server does not
// outlive tests that were killed.
func (s *PostgresServer) run(command *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		s.process = command.Process
		started <- err
		if err == nil {
			_ = command.Wait() // it ends by a signal
			close(s.ended)
		}
	}()
	return <-started
}

func (s *PostgresServer) awaitReady(ctx context.Context) error {
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		_, err := s.admin.Exec(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-s.ended:
			return errors.New("the server ended at once")
		case <-poll.C:
		}
	}
}

// PID returns the id of the server process.
func (s *PostgresServer) PID() int { return s.process.Pid }

// Stop ends the server and removes its folder.
func (s *PostgresServer) Stop() error {
	s.kill()
	return os.RemoveAll(s.dir)
}

// kill ends the server at once, without a last checkpoint: nobody will start it again.
func (s *PostgresServer) kill() {
	s.admin.Close()
	if s.process.Signal(syscall.SIGQUIT) == nil {
		<-s.ended
	}
}

func freePort(ctx context.Context) (int, error) {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

package postgres_test

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands between a store and its server and breaks the line.
type proxy struct {
	target   string
	listener net.Listener

	mu       sync.Mutex
	lines    map[net.Conn]struct{}
	loseNext []byte // the next answer that holds these bytes is lost, and its line
	dropNext []byte // what is asked from these bytes on is lost, and its line
	lost     int
}

// newProxy listens for the rest of the test and returns the URL that leads through it.
func newProxy(t *testing.T, database string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: u.Host, listener: listener, lines: make(map[net.Conn]struct{})}
	var accepting sync.WaitGroup
	accepting.Go(p.accept)
	t.Cleanup(func() {
		p.cut()
		accepting.Wait()
	})
	u.Host = listener.Addr().String()
	return p, u.String()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.lines[client], p.lines[server] = struct{}{}, struct{}{}
		p.mu.Unlock()
		go func() {
			pass(server, client, p.drops)
			server.Close()
		}()
		go func() {
			pass(client, server, p.loses)
			client.Close()
			server.Close()
		}()
	}
}

// pass passes on what comes, until the line ends or breaks tells that it breaks, behind so many bytes.
func pass(to, from net.Conn, breaks func([]byte) (after int, is bool)) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		after, broken := breaks(buffer[:n])
		if broken {
			n = after
		}
		if _, err := to.Write(buffer[:n]); err != nil || broken {
			return
		}
	}
}

func (p *proxy) loses(answer []byte) (after int, is bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loseNext == nil || !bytes.Contains(answer, p.loseNext) {
		return 0, false
	}
	p.loseNext = nil
	p.lost++
	return 0, true
}

func (p *proxy) drops(asked []byte) (after int, is bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	after = bytes.Index(asked, p.dropNext)
	if p.dropNext == nil || after < 0 {
		return 0, false
	}
	p.dropNext = nil
	p.lost++
	return after, true
}

// lose makes the next answer that holds these bytes disappear with its line, after
// the server has done what was asked.
func (p *proxy) lose(answer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loseNext = []byte(answer)
}

// dropFrom breaks the line in the next message to the server that holds these bytes, right before
// them, after the server has got what comes before.
func (p *proxy) dropFrom(asked string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropNext = []byte(asked)
}

// breakLines cuts all lines, and takes new ones.
func (p *proxy) breakLines() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for line := range p.lines {
		line.Close()
	}
	clear(p.lines)
}

// cut ends all lines and takes no new ones: the database is gone.
func (p *proxy) cut() {
	p.listener.Close()
	p.breakLines()
}

// wantLoss ends a test whose line did not break, for it proves nothing.
func (p *proxy) wantLoss(t *testing.T) {
	t.Helper()
	if n := p.broken(); n != 1 {
		t.Fatalf("%d lines broke in place of one, so this test proves nothing", n)
	}
}

// broken returns how many lines broke by lose and dropFrom.
func (p *proxy) broken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}

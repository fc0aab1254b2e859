package outbound_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/outbound"
)

// rawServer answers every request with the same bytes, in plain HTTP on loopback.
func rawServer(t *testing.T, answer string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

// TestAnErrorRepeatsNothingOfTheAnswer: a server may send back what it got.
func TestAnErrorRepeatsNothingOfTheAnswer(t *testing.T) {
	for _, answer := range []string{
		"4111111111111111\r\n\r\n", "HTTP/1.1 4111111111111111 no\r\n\r\n", "HTTP/9.4111111111111111 200 OK\r\n\r\n", "4111111111111111/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\n4111111111111111\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4111111111111111x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: 4111111111111111\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4111111111111111zz\r\n",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 16\r\n\r\n4111111111111111",
		"HTTP/1.1 301 Moved\r\nLocation: https://4111111111111111 x/\r\n\r\n", "HTTP/1.1 301 Moved\r\nLocation: https://a4111111111111111.example/\r\n\r\n",
	} {
		at := rawServer(t, answer)
		client, err := outbound.Clients{Clock: time.Now}.To(outbound.Target{Name: "bank", URL: at})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = get(t, client, at); err == nil || strings.Contains(err.Error(), "4111") {
			t.Errorf("%q: error %v", answer, err)
		}
	}
}

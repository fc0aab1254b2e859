package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/walletport/walletport/door/forwarded"
)

// version2 spells a PROXY protocol header of version 2 for TCP over IPv4.
func version2(source [4]byte) string {
	var b bytes.Buffer
	b.WriteString("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c")
	b.Write(source[:])
	b.Write([]byte{127, 0, 0, 1})
	_ = binary.Write(&b, binary.BigEndian, [2]uint16{4711, 443})
	return b.String()
}

func TestPROXYProtocol(t *testing.T) {
	for _, c := range []struct {
		name, trusted, header string
		want                  string // the caller; "" is cut off
	}{
		{"version 1", "127.0.0.1", "PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n", "203.0.113.9"},
		{"version 1, IPv6", "127.0.0.1", "PROXY TCP6 2001:db8::1 ::1 4711 443\r\n", "2001:db8::1"},
		{"version 2", "127.0.0.0/8", version2([4]byte{203, 0, 113, 9}), "203.0.113.9"},
		{"a proxy that speaks for itself", "127.0.0.1", "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00", "127.0.0.1"},
		{"a proxy that does not know", "127.0.0.1", "PROXY UNKNOWN\r\n", "127.0.0.1"},
		{"a trusted proxy without a header", "127.0.0.1", "", ""},
		{"a broken header", "127.0.0.1", "PROXY TCP4 203.0.113.9\r\n", ""},
		{"a stranger's header", "192.0.2.1", "PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n", "127.0.0.1"},
		{"a stranger without a header", "192.0.2.1", "", "127.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			trusted, err := forwarded.Parse([]string{c.trusted}, "")
			must(t, err)
			seen := make(chan string, 1)
			server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				host, _, _ := net.SplitHostPort(r.RemoteAddr)
				seen <- host
			})}
			l, err := listen(t.Context(), "127.0.0.1:0", server, nil)
			must(t, err)
			address := l.socket.Addr().String()
			l.socket = readProxyProtocol(l.socket, trusted)
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- l.serve(ctx, time.Second) }()
			defer func() { stop(); <-done }()

			conn, err := net.Dial("tcp", address)
			must(t, err)
			defer conn.Close()
			_, err = fmt.Fprint(conn, c.header+"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			must(t, err)
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if c.want == "" {
				if err == nil && answer.StatusCode == http.StatusOK {
					t.Errorf("answered %d", answer.StatusCode)
				}
				return
			}
			must(t, err)
			answer.Body.Close()
			if got := <-seen; got != c.want {
				t.Errorf("the caller is %q, want %q", got, c.want)
			}
		})
	}
}

package door_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/walletport/walletport/door"
)

// TestAnswersHaveALength: an answer leaves whole, in one piece, with its length;
// what is large or flushed streams.
func TestAnswersHaveALength(t *testing.T) {
	h := mustHouse(t, func(p *door.Parts) {
		p.Mounts = map[string]http.Handler{
			"/small/": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusTeapot)
				for range 3 {
					_, _ = w.Write([]byte(strings.Repeat("a", 1000)))
				}
			}),
			"/empty/": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }),
			"/large/": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for range 20 {
					_, _ = w.Write([]byte(strings.Repeat("a", 1000)))
				}
			}),
			"/flushed/": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte("a"))
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Errorf("Flush: %v", err)
				}
				_, _ = w.Write([]byte("b"))
			}),
		}
	})
	server := httptest.NewServer(h.door)
	defer server.Close()
	for _, c := range []struct {
		path           string
		status, length int // length -1: streamed
		body           int
	}{
		{"/small/", http.StatusTeapot, 3000, 3000},
		{"/empty/", http.StatusNoContent, 0, 0},
		{"/large/", http.StatusOK, -1, 20_000},
		{"/flushed/", http.StatusOK, -1, 2},
		{"/nothing", http.StatusNotFound, 0, 0},
	} {
		t.Run(c.path, func(t *testing.T) {
			resp, err := server.Client().Get(server.URL + c.path)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if c.path == "/nothing" { // a problem document
				c.length, c.body = len(body), len(body)
			}
			if resp.StatusCode != c.status || int(resp.ContentLength) != c.length || len(body) != c.body {
				t.Errorf("status %d, length %d, body of %d bytes; want %d, %d, %d", resp.StatusCode, resp.ContentLength, len(body), c.status, c.length, c.body)
			}
		})
	}
}

// TestPanicAfterAnAnswerBegan: what is held is replaced, what has left is cut off.
func TestPanicAfterAnAnswerBegan(t *testing.T) {
	h := mustHouse(t, func(p *door.Parts) {
		p.Mounts = map[string]http.Handler{
			"/held/": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte("half of an answer"))
				panic("a bug")
			}),
			"/sent/": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte("half of an answer"))
				_ = http.NewResponseController(w).Flush()
				panic("a bug")
			}),
		}
	})
	server := httptest.NewServer(h.door)
	defer server.Close()
	t.Run("held", func(t *testing.T) {
		resp, err := server.Client().Get(server.URL + "/held/")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusInternalServerError || strings.Contains(string(body), "half") || !strings.Contains(string(body), `"internal"`) {
			t.Errorf("status %d, %v: %s", resp.StatusCode, err, body)
		}
	})
	t.Run("sent", func(t *testing.T) {
		resp, err := server.Client().Get(server.URL + "/sent/")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("half of an answer ends like a whole one: %s", body)
		}
		if logs := h.logs.String(); strings.Count(logs, `"level":"ERROR"`) != 2 {
			t.Errorf("the two faults are not both in the log: %s", logs)
		}
	})
}

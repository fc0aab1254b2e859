package server_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/sandbox"
)

// readyAnswer is what /readyz says.
type readyAnswer struct {
	Status string
	Checks []struct {
		Name, Code, Message string
		OK                  bool
	}
	Warnings []door.Warning
}

func getPage(t *testing.T, box *sandbox.Sandbox, path string) (status int, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, box.URL()+path, nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(req)
	must(t, err)
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	must(t, err)
	return answer.StatusCode, body
}

// TestBackgroundWorkThatEndsEarlyShowsInReadiness ends work with and without an error: it
// is gone in both cases.
func TestBackgroundWorkThatEndsEarlyShowsInReadiness(t *testing.T) {
	for _, c := range []struct {
		name          string
		neededByCalls bool
		err           error
		status        int
	}{
		{"calls need it", true, errors.New("it broke"), http.StatusServiceUnavailable},
		{"calls need it, and it says nothing", true, nil, http.StatusServiceUnavailable},
		{"it is upkeep", false, errors.New("it broke"), http.StatusOK},
		{"it is upkeep, and it says nothing", false, nil, http.StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			box := startSandbox(t)
			box.EndEarly(t.Context(), "made-up work", c.neededByCalls, c.err)
			status, body := getPage(t, box, "/readyz")
			var got readyAnswer
			must(t, json.Unmarshal(body, &got))
			if status != c.status {
				t.Errorf("/readyz: status %d, want %d: %s", status, c.status, body)
			}
			failed := slices.ContainsFunc(got.Checks, func(check struct {
				Name, Code, Message string
				OK                  bool
			}) bool {
				return check.Name == "background" && !check.OK && check.Code == "background_ended" && strings.Contains(check.Message, "made-up work")
			})
			warned := slices.ContainsFunc(got.Warnings, func(w door.Warning) bool {
				return w.Code == "background_ended" && strings.Contains(w.Message, "made-up work")
			})
			if failed != c.neededByCalls || warned == c.neededByCalls {
				t.Errorf("check failed %v, warned %v: %s", failed, warned, body)
			}
			if _, page := getPage(t, box, "/metrics"); !strings.Contains(string(page), `walletport_background_running{work="made-up work"} 0`) ||
				!strings.Contains(string(page), `walletport_background_running{work="audit"} 1`) {
				t.Error("the metrics do not tell which work goes on")
			}
		})
	}
}

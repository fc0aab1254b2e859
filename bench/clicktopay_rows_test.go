package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// TestHousesOfRows: whoever leaves requests behind has a database of its own, and each has
// customers enough.
func TestHousesOfRows(t *testing.T) {
	p := plan{callSeconds: 2, enrolRate: 50, enrolCards: 1000}
	var said []string
	for _, rows := range housesOf(clickToPayRows(p)) {
		c := customersFor(rows, 2)
		for _, r := range rows {
			said = append(said, strings.TrimPrefix(r.name, "clicktopay/"))
		}
		said = append(said, fmt.Sprint(c.portfolio, c.single, c.seeded))
	}
	const want = "accept completed enrol 2640 1606 0, enrol-full 1000 1001 0, due 0 202 20000, failing 0 202 4000, waiting 0 202 100000"
	got := regexp.MustCompile(`(\d) ([a-z])`).ReplaceAllString(strings.Join(said, " "), "$1, $2")
	if got != want {
		t.Errorf("houses are\n%s, want\n%s", got, want)
	}
}

// TestSeededRequests: requests that are seeded are there, with what is to be done of them.
func TestSeededRequests(t *testing.T) {
	const each = 20
	onEachEngine(t, func(t *testing.T, h benchHouse) {
		cards, err := server.OpenVault(h.store, h.custody, time.Now)
		must(t, err)
		_, err = cards.ImportCustomers(t.Context(), strings.NewReader(backwards(customerFile(3*each))), vault.ImportOptions{Issuer: benchIssuer, Format: vault.CSV})
		must(t, err)
		locked := 0
		visa := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || r.URL.Path != fmt.Sprintf("/consumers/BENCH/%d", each+1+locked) || string(body) != `{"as": "ANOTHER_WRITER", "do": "lock"}` {
				t.Errorf("Visa is asked at %s for %s, %v", r.URL.Path, body, err)
			}
			locked++
			fmt.Fprint(w, "{}")
		}))
		defer visa.Close()
		house := &clickToPayHouse{store: h.store, visaURL: visa.URL, seeded: 1}
		for _, beside := range []beside{besideDue, besideFailing, besideWaiting} {
			must(t, house.seed(t.Context(), clickToPayRow{beside: beside, seeds: each}))
		}
		if house.seeded != 3*each+1 || locked != each {
			t.Errorf("the next customer is %d; %d are locked", house.seeded, locked)
		}
		found, err := h.store.EnrolmentRequestsBefore(t.Context(), storage.RequestFilter{IsOpen: true}, 0, 4*each)
		must(t, err)
		kinds := map[string]int{}
		for _, r := range found {
			if customer, err := h.store.CustomerByID(t.Context(), r.Customer); err != nil || customer.Number != r.Number || r.Number != fmt.Sprint(r.CardID) {
				t.Errorf("the request for card %d of customer %s is kept for %q, %v", r.CardID, r.Number, customer.Number, err)
			}
			kinds[fmt.Sprintf("%s %s %s", r.Action, r.Channel, r.State)]++
		}
		want := map[string]int{"enrol_customer command accepted": each + each/2, "enrol_card command accepted": each, "enrol_customer portfolio accepted": each / 2}
		if !maps.Equal(kinds, want) {
			t.Errorf("there are %v, want %v", kinds, want)
		}
	})
}

// backwards turns the rows of a file around: an import gives ids in an order of its own.
func backwards(file []byte) string {
	lines := strings.Split(strings.TrimSpace(string(file)), "\n")
	slices.Reverse(lines[1:])
	return strings.Join(lines, "\n")
}

// TestWatchMemory: what a process had resident is known when it has ended, too.
func TestWatchMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	cmd := exec.Command("sleep", "0.3")
	must(t, cmd.Start())
	most := watchMemory(cmd.Process.Pid)
	must(t, cmd.Wait())
	if got := most(); got <= 0 {
		t.Errorf("a process had %d kB", got)
	}
}

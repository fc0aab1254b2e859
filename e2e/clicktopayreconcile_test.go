package e2e_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// comparedLine is what a comparison prints of a customer, and placeLine where it is.
var (
	comparedLine = regexp.MustCompile(`(?m)^customer (\d+) with `)
	placeLine    = regexp.MustCompile(`(?m)^walletport: (\d+) customers? looked at; to go on from here: --after (\S+)$`)
	stoppedLine  = regexp.MustCompile(`(?m)^walletport: go on with --after (\S+)$`)
)

// comparedIn lists the customers that the output of a comparison names.
func comparedIn(text string) (numbers []string) {
	for _, line := range comparedLine.FindAllStringSubmatch(text, -1) {
		numbers = append(numbers, line[1])
	}
	return numbers
}

// TestAComparisonIsGoneOnWith where it was when it was killed, and when it was told to stop:
// nobody is left out.
func TestAComparisonIsGoneOnWith(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			h := mustEnrolHouse(t, 20, 1, e.url(t), fmt.Sprintf("  portfolio: {issuers: {%s: {products: {visa-debit: {segment: consumer, ecommerce: true}}}}}\n", serveIssuer))
			h.servers[0].mustStop(t) // so the requests stay open, and each customer is named
			mustRun(t, "", h.at().with("clicktopay", "enrol", "--issuer", serveIssuer, "--rate", "200", "--patience", "0s")...)
			var all []string
			for _, c := range h.consumers {
				all = append(all, c.number)
			}
			compare := func(rate string, flags ...string) []string {
				return h.at().with(append([]string{"clicktopay", "reconcile", "--issuer", serveIssuer, "--rate", rate}, flags...)...)
			}
			whole := run(t, "", compare("200")...)
			if got := comparedIn(whole.out); !slices.Equal(got, all) || whole.code != 1 {
				t.Fatalf("a whole run names %q, exit code %d\n%s", got, whole.code, whole.errOut)
			}

			killed := mustStart(t, nil, compare("2")...)
			eventually(t, "it says where it is", func() bool { return placeLine.MatchString(killed.out.String()) })
			killed.mustKill(t)
			place := placeLine.FindStringSubmatch(killed.out.String())
			seen, err := strconv.Atoi(place[1])
			if before := comparedIn(killed.out.String()); err != nil || len(before) < seen || len(before) == len(all) {
				t.Fatalf("it was killed at %q, after %q", place[0], before)
			}
			if rest := run(t, "", compare("200", "--after", place[2])...); !slices.Equal(comparedIn(rest.out), all[seen:]) {
				t.Errorf("behind %q it names %q, want %q", place[2], comparedIn(rest.out), all[seen:])
			}

			stopped := mustStart(t, nil, compare("2")...)
			eventually(t, "it has begun", func() bool { return len(comparedIn(stopped.out.String())) > 1 })
			stopped.mustSignal(t, syscall.SIGTERM)
			if code := stopped.mustExit(t); code != 1 {
				t.Errorf("exit code %d after it was told to stop", code)
			}
			told := stoppedLine.FindStringSubmatch(stopped.out.String())
			if told == nil {
				t.Fatal("it does not say how to go on")
			}
			done := len(comparedIn(stopped.out.String()))
			if rest := run(t, "", compare("200", "--after", told[1])...); !slices.Equal(comparedIn(rest.out), all[done:]) {
				t.Errorf("behind %q it names %q, want %q", told[1], comparedIn(rest.out), all[done:])
			}
		})
	}
}

package vtssim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/simtest"
	"github.com/walletport/walletport/sim/vtssim"
)

// tolerated are the faults that do not refuse the card.
var tolerated = []string{"typ_wrong", "iat_missing", "client_account_over_24", "client_app_id_package_name", "client_app_id_absent", "wsd_prefix_short", "wsd_padding_pkcs5", "wsd_padding_zero", "wsd_padding_other", "datetime_local_time"}

func TestEveryFaultOfAPushIsNamed(t *testing.T) {
	for _, c := range slices.Concat(mangledPushes, mangledCards) {
		t.Run(c.name, func(t *testing.T) {
			r := newPush()
			c.change(r)
			checkNamed(t, vtssim.OpenPush(r.text(), keysOf(r.keys)), c.code)
		})
	}
}

func TestEveryFaultUnderAWSDKeyIsNamed(t *testing.T) {
	for _, c := range mangledStrings {
		t.Run(c.name, func(t *testing.T) {
			r := newMBPAC()
			c.change(r)
			checkNamed(t, r.report(), c.code)
		})
	}
}

func checkNamed(t *testing.T, report vtssim.Report, code string) {
	t.Helper()
	f := report.FirstFault
	if f == nil || f.Code != code {
		t.Fatalf("first fault %+v, want %s\n%+v", f, code, report.Checks)
	}
	if f.Detail == "" || f.Remedy == "" {
		t.Errorf("the fault has no detail or no remedy: %+v", f)
	}
	if report.Accepted != slices.Contains(tolerated, code) {
		t.Errorf("accepted is %v", report.Accepted)
	}
	mustNotShow(t, report, testPAN, otherPAN, "5555555555554444", "4111111111111112")
}

// Without keys the faults of the outer layers get the same names, and nothing that
// needs a key is guessed at.
func TestFaultsSeenWithoutKeys(t *testing.T) {
	for _, c := range slices.Concat(mangledPushes, mangledCards) {
		t.Run(c.name, func(t *testing.T) {
			r := newPush()
			c.change(r)
			checkKeyless(t, vtssim.OpenPush(r.text(), vtssim.Keys{Now: simKeys().Now}), c.code)
		})
	}
	for _, c := range mangledStrings {
		t.Run(c.name, func(t *testing.T) {
			r := newMBPAC()
			c.change(r)
			open := vtssim.OpenMBPAC
			if r.number {
				open = vtssim.OpenMBPAD
			}
			checkKeyless(t, open(r.text(), vtssim.Keys{Now: simKeys().Now}), c.code)
		})
	}
}

func checkKeyless(t *testing.T, report vtssim.Report, code string) {
	t.Helper()
	if f := report.FirstFault; f != nil && f.Code != code {
		t.Errorf("first fault %s, want %s or none", f.Code, code)
	}
	if report.Accepted {
		t.Error("accepted without a key")
	}
	mustNotShow(t, report, testPAN, otherPAN)
}

// Every fault has its own code in snake_case, a remedy, and a payload above that
// shows it.
func TestFaultsAreDistinctAndTested(t *testing.T) {
	shown := map[string]bool{}
	for _, c := range slices.Concat(mangledPushes, mangledCards) {
		shown[c.code] = true
	}
	for _, c := range mangledStrings {
		shown[c.code] = true
	}
	for _, c := range mangledEnrolments {
		shown[c.code] = true
	}
	for code := range shown { // the faults that two layers share
		for _, layer := range []string{"wrap_", "content_"} {
			if inner, ok := strings.CutPrefix(code, layer); ok {
				shown[inner] = true
			}
		}
	}
	simtest.CheckFaults(t, shown, 120, "faults_push.go", "faults_card.go", "faults_wsd.go")
}

func checkOf(t *testing.T, r vtssim.Report, name string) sim.Check {
	t.Helper()
	i := slices.IndexFunc(r.Checks, func(c sim.Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no check %s", name)
	}
	return r.Checks[i]
}

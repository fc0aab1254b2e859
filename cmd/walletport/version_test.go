package main

import (
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionComesFromWhatGoBuiltIn(t *testing.T) {
	const revision = "a20cf1d814efee421d9daae3f3f7aa9de9f4db33"
	built := func(main string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: main}, Settings: settings}
	}
	checkout := []debug.BuildSetting{{Key: "vcs.revision", Value: revision}, {Key: "vcs.time", Value: "2026-11-29T10:19:03Z"}}
	changed := append(checkout[:2:2], debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	for _, c := range []struct {
		name, release string
		info          *debug.BuildInfo
		want          string
		holds         string
	}{
		{"a release", "v1.2.3", built("(devel)", checkout...), "v1.2.3", "revision " + revision + " of 2026-11-29T10:19:03Z\n"},
		{"go install of a module", "", built("v1.2.3"), "v1.2.3", "revision unknown\n"},
		{"go build in a checkout", "", built("v0.0.0-20261129101903-a20cf1d814ef", checkout...), "v0.0.0-20261129101903-a20cf1d814ef", revision},
		{"go run -buildvcs=true", "", built("(devel)", checkout...), "v0.0.0-20261129101903-a20cf1d814ef", revision},
		{"the same with changes", "", built("(devel)", changed...), "v0.0.0-20261129101903-a20cf1d814ef+dirty", ", with changes\n"},
		{"go run", "", built("(devel)"), "(devel)", "revision unknown\n"},
		{"a module without a version", "", built(""), "(devel)", "revision unknown\n"},
		{"nothing built in", "", nil, "(devel)", "fips140 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := factsOf(c.release, c.info)
			if got.Version != c.want || !strings.Contains(got.String(), c.holds) || !strings.HasPrefix(got.String(), "walletport "+c.want+"\n") {
				t.Errorf("facts %+v, want version %s and %q in\n%s", got, c.want, c.holds, got)
			}
		})
	}
	text, err := json.Marshal(factsOf("", built("(devel)", changed...)))
	must(t, err)
	if !strings.Contains(string(text), `"time":"2026-11-29T10:19:03Z","modified":true`) {
		t.Errorf("JSON %s", text)
	}
}

package main

import (
	"crypto/fips140"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the release build (-ldflags "-X main.version=…").
var version = "development"

type versionCommand struct {
	JSON bool `help:"Print JSON."`
}

func (versionCommand) Help() string {
	return `Examples:
  walletport version --json
  GODEBUG=fips140=on walletport version`
}

func (c versionCommand) Run(con console) error {
	facts := buildFacts()
	if c.JSON {
		return json.NewEncoder(con.Out).Encode(facts)
	}
	_, err := fmt.Fprintf(con.Out, "walletport %s\nrevision %s\n%s %s\nfips140 %s\n",
		facts.Version, facts.Revision, facts.Go, facts.Platform, facts.FIPS)
	return err
}

type facts struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	FIPS     string `json:"fips140"`
}

func buildFacts() facts {
	f := facts{Version: version, Revision: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, FIPS: "off"}
	if fips140.Enabled() {
		f.FIPS = "on, module " + fips140.Version()
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return f
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			f.Revision = s.Value
		}
	}
	return f
}

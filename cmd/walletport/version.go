package main

import (
	"cmp"
	"crypto/fips140"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/server"
)

// version is set by a release build (-ldflags "-X main.version=…"), and else empty.
var version string

// unversioned stands for a program of which nobody knows the version: go run puts no
// revision into what it builds.
const unversioned = "(devel)"

type versionCommand struct {
	JSON bool `help:"Print JSON."`
}

func (versionCommand) Help() string {
	return `Of a build with go build or go install, the version is that of the module, or tells time and revision of the checkout.
go run keeps neither, unless it is told to: go run -buildvcs=true.

Examples:
  walletport version --json
  GODEBUG=fips140=on walletport version`
}

func (c versionCommand) Run(con console) error {
	info, _ := debug.ReadBuildInfo()
	facts := factsOf(version, info)
	if err := facts.addRSA(); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(con.Out).Encode(facts)
	}
	_, err := fmt.Fprint(con.Out, facts)
	return err
}

// programVersion is what log, traces and demo say of this program.
func programVersion() string {
	info, _ := debug.ReadBuildInfo()
	return factsOf(version, info).Version
}

// facts says what program this is.
type facts struct {
	Version  string     `json:"version"`
	Revision string     `json:"revision"`           // of the checkout that it was built from, or unknown
	Time     *time.Time `json:"time,omitempty"`     // of that revision
	Modified *bool      `json:"modified,omitempty"` // whether the checkout had changes that are in no revision
	Go       string     `json:"go"`
	Platform string     `json:"platform"`
	FIPS     string     `json:"fips140"`
	RSA      rsaFacts   `json:"rsa"`
}

// rsaFacts say which engine works with RSA keys where keys.rsa is auto.
type rsaFacts struct {
	Engine  string `json:"engine"`
	Version string `json:"version"`
	FIPS    bool   `json:"fips"`
	Instead string `json:"instead,omitempty"` // why it is not OpenSSL
}

func (f *facts) addRSA() error {
	engine, instead, err := server.RSAEngine(config.RSAAuto)
	if err != nil {
		return err
	}
	about := engine.About()
	f.RSA = rsaFacts{Engine: about.Engine, Version: about.Version, FIPS: about.FIPS}
	if instead != nil {
		f.RSA.Instead = instead.Error()
	}
	return nil
}

// String is for people.
func (f rsaFacts) String() string {
	text := keys.RSAFacts{Engine: f.Engine, Version: f.Version, FIPS: f.FIPS}.String()
	if f.Instead != "" {
		text += ", because " + f.Instead
	}
	return text
}

// String is for people.
func (f facts) String() string {
	revision := "revision " + f.Revision
	if f.Time != nil {
		revision += " of " + f.Time.UTC().Format(time.RFC3339)
	}
	if f.Modified != nil && *f.Modified {
		revision += ", with changes"
	}
	return fmt.Sprintf("walletport %s\n%s\n%s %s\nfips140 %s\nrsa %s\n", f.Version, revision, f.Go, f.Platform, f.FIPS, f.RSA)
}

// factsOf reads what Go built in. info may be nil.
func factsOf(release string, info *debug.BuildInfo) facts {
	f := facts{Revision: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, FIPS: "off"}
	if fips140.Enabled() {
		f.FIPS = "on, module " + fips140.Version()
	}
	if info == nil {
		f.Version = cmp.Or(release, unversioned)
		return f
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			f.Revision = s.Value
		case "vcs.time":
			if at, err := time.Parse(time.RFC3339, s.Value); err == nil {
				f.Time = &at
			}
		case "vcs.modified":
			if modified, err := strconv.ParseBool(s.Value); err == nil {
				f.Modified = &modified
			}
		}
	}
	f.Version = cmp.Or(release, info.Main.Version, unversioned)
	if f.Version == unversioned && f.Time != nil && len(f.Revision) >= shortRevision {
		// As Go itself names a revision without a tag, which it does for go build only.
		f.Version = "v0.0.0-" + f.Time.UTC().Format("20060102150405") + "-" + f.Revision[:shortRevision]
		if f.Modified != nil && *f.Modified {
			f.Version += "+dirty"
		}
	}
	return f
}

// shortRevision is how much of a revision is in such a version.
const shortRevision = 12

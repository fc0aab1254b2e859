# Few targets; each installs what it needs.

# All but the race detector's tests is compiled alike, as the program that is shipped, so that
# what one target has compiled the next one need not. Without cgo sqlc has the parser of
# PostgreSQL as WebAssembly too, and does not compile 169,000 lines of C.
PLAIN := CGO_ENABLED=0 GOFLAGS='$(shell go env GOFLAGS) -trimpath'
TOOL := $(PLAIN) go tool -modfile=tools/go.mod
# What the tests must not skip, once `prepare` has installed it.
REQUIRE := WALLETPORT_REQUIRE_POSTGRES=1 WALLETPORT_REQUIRE_ORACLES=1
# The race detector watches all code but SQLite's, which was translated from C and keeps its
# data outside of the memory of Go, where the detector does not look: it takes half of the time
# of a command and finds nothing there. The driver around it, modernc.org/sqlite, is watched.
# Nor does it watch the arithmetic of RSA and scrypt, which has no goroutine and no data but a
# caller's arguments: making a key pair and opening a key store take half of the time.
UNWATCHED := modernc.org/sqlite/lib crypto/internal/fips140/bigmod golang.org/x/crypto/scrypt
RACE := -race $(foreach package,$(UNWATCHED),-gcflags='$(package)=-race=false -d=checkptr=0')

.PHONY: test cover lint generate bench build fuzz prepare vulncheck platforms

build: ## one binary; with -tags static it would load no library
	$(PLAIN) go build -o bin/walletport ./cmd/walletport

# Without optimization, which says nothing about whether it builds and is a quarter of the time.
platforms: build ## does it build for each system that it is for, without the sandbox, and static?
	$(PLAIN) go build -tags nosandbox -o /dev/null ./cmd/walletport
	$(PLAIN) go build -tags static -o bin/walletport-static ./cmd/walletport
	! readelf --wide --program-headers bin/walletport-static | grep INTERP # what would load libraries into it
	bin/walletport-static version
	$(PLAIN) go test -tags static ./keys/libcrypto ./keys/file
	for system in darwin freebsd windows; do echo $$system; CGO_ENABLED=0 GOOS=$$system go build -gcflags=all='-N -l' -o /dev/null ./cmd/walletport || exit 1; done

# Vet looks at tests too, once: in make lint.
test: prepare ## every test, with the race detector, and the coverage as in make cover
	$(REQUIRE) ./tools/cover.sh --all $(RACE) -vet=off -timeout 25m

cover: prepare ## coverage of the rooms that must not break quietly; fails below 85 %
	$(REQUIRE) $(PLAIN) ./tools/cover.sh -vet=off

lint: prepare ## code and specification
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "gofmt would change these"; exit 1; }
	$(PLAIN) go vet ./...
	$(PLAIN) go vet -tags nosandbox ./cmd/walletport
	$(TOOL) golangci-lint run ./...
	cd tools && npx --no-install redocly lint --config redocly.yaml ../api/openapi.yaml

generate: ## everything that is generated: the API, the queries, the configuration reference
	$(PLAIN) go generate ./...

bench: prepare ## the tables of docs/performance.md, measured here; BENCH=-full for those of the large stores too
	go run ./bench $(BENCH)

fuzz: ## each fuzz target for a few seconds
	./tools/fuzz.sh $(or $(FUZZTIME),10s)

vulncheck: ## known vulnerabilities; says so where the database cannot be reached
	$(PLAIN) ./tools/vulncheck.sh

prepare: ## Debian packages and npm modules that tests and lint need
	@./tools/prepare.sh

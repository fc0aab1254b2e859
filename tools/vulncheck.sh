#!/usr/bin/env bash
# Runs govulncheck. Where its database cannot be reached, says so and passes: a
# build without network must not look like a vulnerable one.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp); trap 'rm -f "$out"' EXIT
status=0
go tool -modfile=tools/go.mod govulncheck ./... >"$out" 2>&1 || status=$?
cat "$out"
[ $status = 0 ] && exit 0
if [ $status = 3 ]; then
  echo "vulncheck: FAILED, vulnerabilities found"; exit 1
fi
if grep -qiE 'fetching vulnerabilities|dial tcp|no such host|proxyconnect|403 Forbidden' "$out"; then
  echo "vulncheck: SKIPPED, the vulnerability database cannot be reached from here"; exit 0
fi
exit $status

#!/usr/bin/env bash
# Fails when a room that must not break quietly is tested by less than 85 % of its
# statements. Tests of other rooms count: the contract suites live elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=$(mktemp); trap 'rm -f "$profile"' EXIT
status=0
for room in gather seal scheme/mdes scheme/vts wallet/applepay wallet/googlepay provisioning activation replay idempotency audit vault keys keys/material keys/file; do
  go test -count=1 -coverprofile="$profile" -coverpkg="./$room" "./$room" >/dev/null
  share=$(go tool cover -func="$profile" | awk '/^total:/ {sub("%","",$3); print $3}')
  printf '%-12s %s %%\n' "$room" "$share"
  awk -v s="$share" 'BEGIN {exit !(s >= 85)}' || status=1
done
exit $status

#!/usr/bin/env bash
# Fails when a room that must not break quietly is tested by less than 85 % of its
# statements. A room is named with the room whose tests count where those are not its own.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=$(mktemp); trap 'rm -f "$profile"' EXIT
status=0
for room in gather seal scheme/mdes scheme/vts wallet/applepay wallet/googlepay provisioning activation replay idempotency audit vault \
  vault/rowfile:vault vault/customerfile:vault vault/cardfile:vault access tokens clicktopay keys keys/material keys/file; do
  tests=${room#*:} room=${room%%:*}
  go test -count=1 -coverprofile="$profile" -coverpkg="./$room" "./$tests" >/dev/null
  share=$(go tool cover -func="$profile" | awk '/^total:/ {sub("%","",$3); print $3}')
  printf '%-18s %s %%\n' "$room" "$share"
  awk -v s="$share" 'BEGIN {exit !(s >= 85)}' || status=1
done
exit $status

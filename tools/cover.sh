#!/usr/bin/env bash
# Tests the rooms that must not break quietly, and fails when one is tested by less than 85 %
# of its statements. With --all it tests all other rooms too, so that each test runs once.
# Further arguments are flags of go test.
set -euo pipefail
cd "$(dirname "$0")/.."
profiles=$(mktemp -d); trap 'rm -rf "$profiles"; kill $(jobs -p) 2>/dev/null || true' EXIT
all=; [ "${1:-}" != --all ] || { all=1; shift; }

# Rooms with tests of their own, in one command: while one's tests wait, another is compiled.
own=(gather seal scheme/mdes scheme/vts wallet/applepay wallet/googlepay provisioning activation replay idempotency audit
  access tokens clicktopay keys keys/material keys/file)
# Rooms that the tests of the vault test.
vault=(vault vault/rowfile vault/customerfile vault/cardfile)

of_vault=$(IFS=,; echo "${vault[*]/#/./}")
rest=$(go list ./... | grep -vxFf <(go list "${own[@]/#/./}" ./vault))

# Side by side, for tests wait more than they compute. All run though some fail: who mends one
# wants to know of each.
status=0
if [ -n "$all" ]; then
  go test "$@" -c -o /dev/null ./server # or both compile what all need
  go test "$@" $rest >"$profiles/rest.out" 2>&1 &
  others=$!
fi
go test "$@" -coverprofile="$profiles/own" "${own[@]/#/./}" || status=1
go test "$@" -coverprofile="$profiles/vault" -coverpkg="$of_vault" ./vault || status=1
if [ -n "$all" ]; then
  wait "$others" || status=1
  cat "$profiles/rest.out"
fi
[ $status = 0 ] || exit $status

# A line of a profile is FILE:FROM,TO STATEMENTS TIMES.
awk -v rooms=$((${#own[@]} + ${#vault[@]})) '
  /^mode:/ { next }
  {
    room = $1
    sub(/\/[^\/]*$/, "", room)
    sub(/^.*\/walletport\//, "", room)
    all[room] += $2
    if ($3 > 0) tested[room] += $2
  }
  END {
    for (room in all) {
      measured++
      share = 100 * tested[room] / all[room]
      printf "%-20s %.1f %%\n", room, share
      if (share < 85) { low = 1; print room " is tested by less than 85 %" }
    }
    exit low || measured != rooms
  }' "$profiles/own" "$profiles/vault"

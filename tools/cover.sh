#!/usr/bin/env bash
# Fails when a room that must not break quietly is tested by less than 85 % of its
# statements.
set -euo pipefail
cd "$(dirname "$0")/.."
profiles=$(mktemp -d); trap 'rm -rf "$profiles"' EXIT

# Rooms with tests of their own, in one command: while one's tests wait, another is compiled.
own=(gather seal scheme/mdes scheme/vts wallet/applepay wallet/googlepay provisioning activation replay idempotency audit
  access tokens clicktopay keys keys/material keys/file)
# Rooms that the tests of the vault test.
vault=(vault vault/rowfile vault/customerfile vault/cardfile)

failed() { cat "$profiles/out"; exit 1; }
go test -coverprofile="$profiles/own" "${own[@]/#/./}" >"$profiles/out" || failed
of_vault=$(IFS=,; echo "${vault[*]/#/./}")
go test -coverprofile="$profiles/vault" -coverpkg="$of_vault" ./vault >"$profiles/out" || failed

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
      if (share < 85) low = 1
    }
    exit low || measured != rooms
  }' "$profiles/own" "$profiles/vault"

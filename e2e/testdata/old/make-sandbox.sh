#!/usr/bin/env bash
# make-sandbox.sh PROGRAM: makes the folder sandbox with the given walletport: a sandbox
# that has put two cards into wallets, and was stopped. Needs bash, curl and jq.
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")"
here=$PWD
rm -rf sandbox
work=$(mktemp -d)
trap 'kill ${box:-} 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
"$program" sandbox --dir box --listen 127.0.0.1:18999 &
box=$!
until curl -fsS http://127.0.0.1:18999/readyz >/dev/null 2>&1 && test -s box/sandbox.json; do sleep 0.2; done
api() { curl -fsS -u "$(jq -r '.credentials.basic | .username + ":" + .password' box/sandbox.json)" \
	-X POST "${@:2}" "http://127.0.0.1:18999/wallet/v1/$1?auditUser=ada%40bank.example"; }
add() { curl -fsS -H 'Content-Type: application/json' --data "$2" "http://127.0.0.1:18999/sandbox/wallets/$1/add" |
	jq -e '.accepted' >/dev/null; }
add issuerwallet "$(api 1001/provision/issuerwallet/acme-wallet | jq -c '. + {walletProvider: "acme-wallet"}')"
asked=$(curl -fsS -X POST http://127.0.0.1:18999/sandbox/wallets/applepay/request)
add applepay "$(api 1006/provision/applepay -H 'Content-Type: application/json' --data "$asked")"
kill -TERM $box
wait $box
mkdir "$here/sandbox"
cp -r box/. "$here/sandbox"
find "$here/sandbox" -name '*.lock' -delete

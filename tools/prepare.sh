#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: PostgreSQL, OpenSSL, GnuPG, Python, curl, jq and
# the npm packages that serve as oracles and lint the specification.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
command -v openssl >/dev/null || missing+=(openssl)
command -v gpg >/dev/null || missing+=(gnupg)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v python3 >/dev/null || missing+=(python3)
command -v curl >/dev/null || missing+=(curl)
command -v jq >/dev/null || missing+=(jq)
command -v gcc >/dev/null || missing+=(gcc libc6-dev) # the race detector needs cgo
if [ ${#missing[@]} -gt 0 ]; then
  as_root=; [ "$(id -u)" = 0 ] || as_root=sudo
  echo "prepare: installing ${missing[*]}"
  $as_root apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# npm ci is slow; run it only when the lock file is newer than what is installed.
for dir in oracle tools; do
  if [ ! -e "$dir/node_modules/.package-lock.json" ] || [ "$dir/package-lock.json" -nt "$dir/node_modules/.package-lock.json" ]; then
    echo "prepare: npm packages of $dir"
    npm ci --prefix "$dir" --no-audit --no-fund --loglevel=error
    touch "$dir/node_modules/.package-lock.json"
  fi
done

#!/usr/bin/env bash
# Proves the README's two commands on a machine that has nothing: makes a minimal
# Debian root with git, make and this machine's Go, clones the commit into it, runs
# `go run ./cmd/walletport demo` and `make test` there with empty caches, prints how
# long each took, and removes the root. Needs root and debootstrap.
#
#   tools/fresh.sh [--suite bookworm|trixie|…] [--commit REV] [--keep] [demo] [test]
#
# Without demo or test it runs both. --keep leaves the root behind for a look. The
# root has its own mounts and processes, which end with the script, and shares the
# network, because packages and modules have to come from somewhere.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=bookworm commit=HEAD keep= steps=()
while [ $# -gt 0 ]; do
  case $1 in
    --suite) suite=$2; shift ;;
    --commit) commit=$2; shift ;;
    --keep) keep=1 ;;
    demo | test) steps+=("$1") ;;
    *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 2 ;;
  esac
  shift
done
[ ${#steps[@]} -gt 0 ] || steps=(demo test)

[ "$(id -u)" = 0 ] || { echo "fresh: needs root: debootstrap and chroot do"; exit 2; }
command -v debootstrap >/dev/null || { apt-get update -qq; apt-get install -y -qq --no-install-recommends debootstrap >/dev/null; }

# Mounts of a namespace of its own vanish with it, so that removing the root can
# never reach through one into the machine.
if [ -z "${FRESH_INSIDE:-}" ]; then
  root=$(mktemp -d)
  FRESH_INSIDE=$root unshare --mount --pid --fork --kill-child "$0" --suite "$suite" --commit "$commit" "${steps[@]}" &
  inner=$!
  trap 'kill -KILL $inner' INT TERM # all that runs in the root goes with it
  status=0
  wait $inner || status=$?
  if [ -n "$keep" ]; then echo "fresh: the root is $root"; else rm -rf --one-file-system "$root"; fi
  exit $status
fi
root=$FRESH_INSIDE
chmod 755 "$root" # PostgreSQL and apt work as users of their own

echo "fresh: a minimal $suite"
debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" "$root" >"$root.log" 2>&1 || { tail -n 20 "$root.log"; exit 1; }
rm -f "$root.log"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
# A network that inspects TLS has its certificate in the machine's bundle.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
cp -a "$(go env GOROOT)/." "$root/usr/local/go"
git clone -q . "$root/root/walletport"
git -C "$root/root/walletport" checkout -q "$(git rev-parse "$commit")"

inside() { # runs a line of shell in the root, with an empty home and nothing of this machine's environment
  chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    GOPROXY="$(go env GOPROXY)" GOSUMDB="$(go env GOSUMDB)" bash -c "cd /root/walletport && $1"
}

failed=0
for step in "${steps[@]}"; do
  case $step in demo) line='go run ./cmd/walletport demo' ;; test) line='make test' ;; esac
  echo "fresh: $line"
  began=$SECONDS
  if inside "$line"; then word=passes; else word=FAILS failed=1; fi
  left=$(inside 'git status --porcelain')
  [ -z "$left" ] || { word="$word, and leaves files in the checkout: $left"; failed=1; }
  printf 'fresh: %s on a minimal %s %s after %d:%02d\n' "$line" "$suite" "$word" $(((SECONDS - began) / 60)) $(((SECONDS - began) % 60))
done
exit $failed

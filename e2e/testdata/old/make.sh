#!/usr/bin/env bash
# make.sh PROGRAM ENGINE [URL]: makes the installation ENGINE (sqlite or postgres) with the
# given walletport, on a new SQLite file or on the empty PostgreSQL database of URL. Needs
# bash, curl, jq, openssl, go, and pg_dump. README.md says with which program it was run.
set -euo pipefail
program=$(realpath "$1") engine=$2 url=${3:-}
cd "$(dirname "$0")"
here=$PWD
test -e mdes.pem || go run material.go make .
rm -rf "$engine"
work=$(mktemp -d)
trap 'kill ${server:-} 2>/dev/null || true; rm -rf "$work"' EXIT
cp ./*.pem id.jwks opc.asc "$work"
sed "s|sqlite:walletport.db|${url:-sqlite:walletport.db}|" walletport.yaml >"$work/walletport.yaml"
cd "$work"
export WALLETPORT_CONFIG=$work/walletport.yaml
walletport() { "$program" "$@"; }

# Keys. The first card-sealing key, the first signing keys
# of TAVs and of the trail get successors below.
from=(--valid-from 2020-01-01T00:00:00Z --activate)
walletport keys init
walletport migrate
for purpose in vault-kek vault-index audit-checkpoint tav-signing; do
	walletport keys generate $purpose "${from[@]}"
done
walletport keys generate tav-signing --issuer globex --alias GLOBEX-1 "${from[@]}"
walletport keys generate opc-signing --algorithm RSA-2048 --activate # Google takes two years at most; this ends after one
walletport keys import mdes-encryption mdes.pem "${from[@]}"
walletport keys import opc-encryption opc.asc "${from[@]}"
printf %s first-shared-secret-of-the-tests-0123456 |
	walletport keys import vts-push - --alias PUSHKEY-1 --bin 401288 "${from[@]}"
printf %s 0123456789ABCDEFFEDCBA9876543210 |
	walletport keys import wsd - --alias 401288.1 --bin 401288 "${from[@]}"

# Cards of two issuers and schemes; one row is wrong, and its import says so.
cat >acme.csv <<'CARDS'
cardId,customerId,pan,expiryMonth,expiryYear,cardholderName,product
7001,1,2223000048400011,12,2099,ADA LOVELACE,mc-credit
7002,2,4012888888881881,11,2099,MARY JACKSON,visa-debit
7003,3,5425233430109903,10,2099,GRACE HOPPER,mc-debit
7004,4,2222420000001113,09,2099,,mc-debit
7005,5,2222420000001114,09,2099,NOBODY,mc-debit
CARDS
walletport cards import acme.csv --issuer acme || test $? = 1
cat >globex.jsonl <<'CARDS'
{"cardId": 7101, "issuer": "globex", "customerId": "9", "pan": "2223000048400011", "expiryMonth": "12", "expiryYear": "2099", "cardholderName": "KATHERINE JOHNSON", "product": "mc-debit"}
{"cardId": 7102, "issuer": "globex", "pan": "4012888888881881", "expiryMonth": "12", "expiryYear": "2099", "status": "CARD_LOST"}
CARDS
walletport cards import globex.jsonl --all-or-nothing
printf 'cardId,status\n7003,CARD_BLOCKED\n' | walletport cards import - --format csv
walletport cards delete 7004 --yes
walletport keys generate vault-kek "${from[@]}"
printf 'cardId,pan,expiryMonth,expiryYear,cardholderName,product\n7006,2222420000001113,08,2099,DOROTHY VAUGHAN,mc-debit\n' |
	walletport cards import - --format csv --issuer acme

# API clients.
client() { walletport clients create --name "$1" --json "${@:2}" | tee "$1.json" >/dev/null; }
both=(--issuer acme --issuer globex --scope provision --scope activate)
client back-end "${both[@]}"
client rotated "${both[@]}"
client ending "${both[@]}" --expires 2099-12-31T00:00:00Z
client bound "${both[@]}" --certificate "$(openssl x509 -in client.pem -outform DER | sha256sum | cut -d' ' -f1)"
client revoked "${both[@]}"
client acme-only --issuer acme --scope provision
walletport clients rotate-secret "$(jq -r .username rotated.json)" --overlap 2160h --json >rotated-new.json
walletport clients revoke "$(jq -r .username revoked.json)"
walletport clients change "$(jq -r .username acme-only.json)" --name "acme only"

# Calls.
serve() {
	WALLETPORT_HTTP__LISTEN=127.0.0.1:0 "$program" serve 2>serve.log &
	server=$!
	base=
	until test -n "$base"; do
		sleep 0.1
		base=$(jq -r 'select(.msg == "serving").url' serve.log)
	done
}
stop() { kill -TERM $server && wait $server; }
n=0
call() { # call WANT CLIENT PATH BODY [curl's arguments]
	n=$((n + 1))
	local body=() got
	test -z "$4" || body=(-H 'Content-Type: application/json' --data "$4")
	got=$(curl -sS --cacert tls.pem -u "$(jq -r '.username + ":" + .password' "$2.json")" -X POST "${body[@]}" \
		-H "X-Request-Id: old-$n" -o answer.json -w '%{http_code}' "${@:5}" "$base/wallet$3?auditUser=ada%40bank.example")
	test "$got" = 200 || got=$(jq -r .code answer.json)
	test "$got" = "$1" || { echo "$3: $got instead of $1" >&2; exit 1; }
}
token() { (cd "$here" && go run material.go token id-key.pem "$1"); }
proof() { token '{"iss":"https://id.bank.example","aud":"walletport-step-up","sub":"9","card":"7101","amr":["pin","hwk"],"wallet":"'"$1"'"}'; }
der() { openssl x509 -in "$1" -outform DER | base64 -w0; }
apple() { jq -nc --arg nonce "$1" --arg leaf "$(der apple-leaf.pem)" --arg sub "$(der apple-sub.pem)" \
	'{certificates: [$leaf, $sub], nonce: $nonce, nonceSignature: ("40" + "5a" * 80)}'; }
google='{"clientAppID":"acme-bank-app","clientDeviceID":"device-1","clientWalletAccountID":"account-1","serverSessionId":"6f1c2d3e-4b5a-4c6d-8e7f-9a0b1c2d3e4f","googleOpaquePaymentCardRequested":true}'
samsung='{"clientAppID":"acme-bank-app","clientDeviceID":"device-1","clientWalletAccountID":"account-1"}'

serve
call 200 back-end /v1/7001/provision/issuerwallet/acme-wallet ''
call 200 back-end /v1/7001/provision/issuerwallet/acme-watch ''
call 200 rotated /v1/7001/provision/applepay "$(apple 0a0a0a0a)"
call 200 rotated-new /v1/7002/provision/applepay "$(apple 0b0b0b0b)"
call nonce_reused back-end /v1/7002/provision/applepay "$(apple 0b0b0b0b)"
call 200 ending /v1/7001/provision/googlepay "$google"
call 200 back-end /v1/7002/provision/googlepay "$google"
call 200 back-end /v1/7001/provision/samsungpay "$samsung"
call 200 bound /v1/7002/provision/samsungpay "$samsung" --cert client.pem --key client-key.pem
call 200 back-end /v3/7001/activate '{"tokenUniqueReference":"DWSPMC000000000132d72d4fcb2f4136a0532d3093ff1a45"}'
call 200 back-end /v2/7001/activate/mdes/tav2 ''
call 200 back-end /v3/7002/activate '{"nonce":"0c0c0c0c"}'
call step_up_required back-end /v1/7101/provision/issuerwallet/acme-wallet ''
call 200 back-end /v1/7101/provision/issuerwallet/acme-wallet '' -H "Step-Up-Assertion: $(proof acme-wallet)"
call 200 back-end /v3/7101/activate '' -H "Step-Up-Assertion: $(proof activation)"
call certificate_required bound /v1/7001/provision/issuerwallet/acme-wallet ''
call client_revoked revoked /v1/7001/provision/issuerwallet/acme-wallet ''
call card_not_found acme-only /v1/7101/provision/issuerwallet/acme-wallet ''
call card_not_found back-end /v1/7004/provision/issuerwallet/acme-wallet ''
call card_not_eligible back-end /v1/7003/provision/issuerwallet/acme-wallet ''
call wallet_provider_not_found back-end /v1/7001/provision/issuerwallet/nobody ''
call 200 back-end /v1/7006/provision/issuerwallet/acme-wallet '' -H "Authorization: Bearer $(token \
	'{"iss":"https://login.bank.example","aud":"walletport","client_id":"app","scope":"provision"}')"
stop

# Successors of keys, and looks at cards and trail.
walletport keys generate tav-signing --alias ACME-2 "${from[@]}"
walletport keys retire tav-signing-v1
walletport keys export-public audit-checkpoint-v1 >checkpoint-v1.pem
walletport keys generate audit-checkpoint "${from[@]}"
walletport keys retire audit-checkpoint-v1
walletport keys export-public audit-checkpoint-v2 >checkpoint-v2.pem
walletport cards list >/dev/null
walletport vault verify
serve
call 200 back-end /v1/7001/provision/issuerwallet/acme-wallet ''
call 200 back-end /v1/7002/provision/applepay "$(apple 0d0d0d0d)"
stop
walletport audit verify
walletport audit export -o trail.jsonl.gz
walletport audit verify trail.jsonl.gz --key checkpoint-v1.pem --key checkpoint-v2.pem

# What is kept.
jq -n --slurpfile backEnd back-end.json --slurpfile rotated rotated.json --slurpfile rotatedNew rotated-new.json \
	--slurpfile ending ending.json --slurpfile bound bound.json --slurpfile revoked revoked.json --slurpfile acmeOnly acme-only.json \
	--arg madeAt "$(date -u +%Y-%m-%dT%H:%M:%SZ)" '{
		madeAt: $madeAt, usedNonce: "0d0d0d0d",
		clients: {
			backEnd: $backEnd[0], rotatedBefore: $rotated[0], rotated: $rotatedNew[0], ending: $ending[0],
			bound: $bound[0], revoked: $revoked[0], acmeOnly: $acmeOnly[0]
		}
	}' >installation.json
mkdir "$here/$engine"
cp keystore.age keystore.key trail.jsonl.gz checkpoint-v1.pem checkpoint-v2.pem installation.json "$here/$engine"
if test -n "$url"; then
	# Lines that begin with a backslash are psql's own, and no SQL.
	pg_dump --inserts --no-owner --no-privileges "$url" | grep -v '^\\' >"$here/$engine/dump.sql"
else
	cp walletport.db "$here/$engine"
fi

"""Verifies the chain of a whole audit export, written from the package comment of
audit alone. Prints the first line that does not fit; or the number of records, the
last hash, the message that the end is a signature of, and that signature (hex)."""

import base64
import datetime
import hashlib
import json
import struct
import sys


def text(s):
    b = s if isinstance(s, bytes) else s.encode()
    return struct.pack(">I", len(b)) + b


def number(n):
    return struct.pack(">q", n)


def time(s):
    t = datetime.datetime.fromisoformat(s.replace("Z", "+00:00"))
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return number((t - epoch) // datetime.timedelta(milliseconds=1))


def record_hash(r):
    step_up = r.get("stepUp", "")
    details = r.get("details", {})
    tag = "walletport/audit/v3" if details else "walletport/audit/v2" if step_up else "walletport/audit/v1"
    m = text(tag) + text(bytes.fromhex(r["previousHash"])) + number(r["seq"]) + time(r["time"])
    m += text(r["requestId"]) + text(r["client"]) + text(r["auditUser"]) + text(r["action"]) + text(r["issuer"])
    m += number(r["cardId"]) + text(r["wallet"]) + text(r["scheme"]) + text(r["outcome"])
    m += struct.pack(">I", len(r["keyVersions"])) + b"".join(text(k) for k in r["keyVersions"])
    m += text(r["remoteAddress"]) + (text(step_up) if step_up or details else b"")
    if details:
        m += struct.pack(">I", len(details))
        m += b"".join(text(name) + text(details[name]) for name in sorted(details, key=str.encode))
    return hashlib.sha256(m).hexdigest()


def head(c):
    return number(c["seq"]) + text(bytes.fromhex(c["hash"])) + time(c["time"]) + text(c["keyId"])


def end_message(first, end):
    start = number(first["seq"]) + text(bytes.fromhex(first["previousHash"]))
    return text("walletport/audit/export/v1") + start + head(end)


def main():
    lines = [json.loads(line) for line in sys.stdin]
    seq, previous = 0, "00" * 32
    for r in lines:
        if r["seq"] != seq + 1 or r["previousHash"] != previous or record_hash(r) != r["hash"]:
            print("line", seq + 1)
            return
        seq, previous = r["seq"], r["hash"]
    end = lines[-1]["end"]
    print(seq, previous, end_message(lines[0], end).hex(), base64.b64decode(end["signature"]).hex())


main()

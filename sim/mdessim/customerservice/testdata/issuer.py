"""An issuer's client of MDES Customer Service, written from the public documentation with
Python's standard library and the openssl program.

usage: issuer.py sign  METHOD URL CONSUMER_KEY PRIVATE_KEY < body     prints the Authorization header
       issuer.py seal  CERTIFICATE < plaintext                        prints EncryptedAccountInformation
"""
import base64, hashlib, json, os, secrets, subprocess, sys, time
from urllib.parse import quote, urlsplit


def openssl(data, *args):
    return subprocess.run(["openssl", *args], input=data, stdout=subprocess.PIPE, check=True).stdout


def sign(method, url, consumer_key, private_key):
    body = sys.stdin.buffer.read()
    oauth = {
        "oauth_body_hash": base64.b64encode(hashlib.sha256(body).digest()).decode(),
        "oauth_consumer_key": consumer_key,
        "oauth_nonce": secrets.token_hex(8),
        "oauth_signature_method": "RSA-SHA256",
        "oauth_timestamp": str(int(time.time())),
        "oauth_version": "1.0",
    }
    parts = urlsplit(url)
    parameters = "&".join(f"{name}={oauth[name]}" for name in sorted(oauth))
    base = "&".join([method.upper(), quote(f"{parts.scheme}://{parts.netloc}{parts.path}", safe=""), quote(parameters, safe="")])
    signature = base64.b64encode(openssl(base.encode(), "dgst", "-sha256", "-sign", private_key)).decode()
    oauth["oauth_signature"] = quote(signature, safe="")
    print("OAuth " + ",".join(f'{name}="{value}"' for name, value in oauth.items()), end="")


def seal(certificate):
    key, iv = os.urandom(16), os.urandom(16)
    data = openssl(sys.stdin.buffer.read(), "enc", "-aes-128-cbc", "-K", key.hex(), "-iv", iv.hex())
    wrapped = openssl(key, "pkeyutl", "-encrypt", "-certin", "-inkey", certificate, "-pkeyopt", "rsa_padding_mode:oaep",
                      "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha256")
    der = openssl(b"", "x509", "-in", certificate, "-outform", "DER")
    print(json.dumps({"EncryptedData": data.hex(), "PublicKeyFingerprint": hashlib.sha1(der).hexdigest(),
                      "EncryptedKey": wrapped.hex(), "OaepHashingAlgorithm": "SHA256", "Iv": iv.hex()}))


{"sign": sign, "seal": seal}[sys.argv[1]](*sys.argv[2:])

"""A provider of single sign-on, on this machine, that a test tells what to say."""

import base64
import hashlib
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

SECRET = "sesame-of-a-test"  # noqa: S105  of a client that is none


@dataclass
class Identity:
    """What the provider knows, says, and was asked."""

    claims: dict = field(default_factory=dict)
    wrong: dict = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    signs_with: RSAKey | None = None
    asked: dict = field(default_factory=dict)
    tokens: int = 0
    url: str = ""

    def discovery(self):
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def authorize(self, address):
        """The user says yes: where the browser is sent back to."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return f"{self.asked['redirect_uri']}?code=c1&state={self.wrong.get('state', self.asked['state'])}"

    def token(self, form):
        """A token for a code, if the client and the code verifier are the right ones."""
        self.tokens += 1
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if challenge.decode() != self.asked["code_challenge"] or form["code"] != "c1":
            return 400, {"error": "invalid_grant"}
        claims = {"iss": self.url, "aud": "rollforward", "sub": "17", "nonce": self.asked["nonce"]}
        claims |= {"iat": int(time.time()), "exp": int(time.time()) + 300, **self.claims, **self.wrong}
        signed = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.signs_with or self.key)
        return 200, {"access_token": "a1", "token_type": "Bearer", "id_token": signed}


@contextmanager
def serving(identity):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            keys = {"keys": [identity.key.as_dict(private=False)]}
            self.say(200, identity.discovery() if "openid-configuration" in self.path else keys)

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            known = base64.b64encode(f"rollforward:{SECRET}".encode()).decode()
            if self.headers.get("authorization") != f"Basic {known}":
                self.say(401, {"error": "invalid_client"})
                return
            self.say(*identity.token({name: values[0] for name, values in parse_qs(body).items()}))

        def say(self, status, told):
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    identity.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield identity
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

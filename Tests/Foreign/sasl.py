"""The client's side of SASL mechanisms, able to do each thing wrong on purpose. RFC 4616, 2195, 5802, 7628, 7677."""
import base64
import hashlib
import hmac
import os
import re
import subprocess

from server import LIMIT, until


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def plain(user, password, authorization=""):
    return b64(f"{authorization}\0{user}\0{password}")


def cram(user, password, challenge):
    """The answer to a 334 line."""
    ticket = base64.b64decode(challenge)
    return b64(f"{user} " + hmac.new(password.encode(), ticket, hashlib.md5).hexdigest())


def bearer(user, token):
    return b64(f"n,a={user},\1host=mx.example.com\1port=587\1auth=Bearer {token}\1\1" if user else f"n,,\1auth=Bearer {token}\1\1")


def xoauth2(user, token):
    return b64(f"user={user}\1auth=Bearer {token}\1\1")


class Scram:
    """One exchange of SCRAM-SHA-256. `header` is the gs2 header, `binding` what binds to the channel."""

    def __init__(self, user, password, header="n,,", binding=b""):
        self.password, self.header, self.binding = password, header, binding
        self.nonce = b64(os.urandom(18))
        escaped = user.replace("=", "=3D").replace(",", "=2C")
        self.bare = f"n={escaped},r={self.nonce}"

    def first(self):
        return b64(self.header + self.bare)

    def final(self, challenge, password=None, nonce=None):
        """The answer to the server's first message, as it stands in a 334 line."""
        self.server_first = base64.b64decode(challenge).decode()
        fields = dict(field.split("=", 1) for field in self.server_first.split(","))
        assert fields["r"].startswith(self.nonce) and len(fields["r"]) > len(self.nonce) + 10, fields
        self.salt, self.iterations = base64.b64decode(fields["s"]), int(fields["i"])
        without = f"c={b64(self.header.encode() + self.binding)},r={nonce or fields['r']}"
        signed = f"{self.bare},{self.server_first},{without}".encode()
        salted = hashlib.pbkdf2_hmac("sha256", (password or self.password).encode(), self.salt, self.iterations)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        self.server_signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        return b64(f"{without},p={b64(bytes(a ^ b for a, b in zip(client_key, signature)))}")

    def is_signed(self, challenge):
        """Whether the server has proved that it knows the keys."""
        return base64.b64decode(challenge) == b"v=" + b64(self.server_signature).encode()


def scram_line(user, password, salt=b"0123456789abcdef", iterations=4096):
    """The keys as they stand in auth_flat_file.ini."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"{user}={{SCRAM-SHA-256}}{iterations},{b64(salt)},{b64(stored)},{b64(server)}\n"


def end_point(certificate):
    """tls-server-end-point (RFC 5929 section 4.1) of a certificate in DER that was signed with SHA-256."""
    return hashlib.sha256(certificate).digest()


class Exporter:
    """A client by `openssl s_client`, which can tell what tls-exporter (RFC 9266) binds to; Python cannot."""

    def __init__(self, port, version="-tls1_3"):
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls", "smtp", "-name", "client.example.org",
             version, "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32", "-crlf", "-nocommands"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.heard = b""
        match = self.until(rb"Keying material: ([0-9A-F]{64})\s")
        self.binding = bytes.fromhex(match.group(1).decode())
        self.heard = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait(LIMIT)
        self.process.stdout.close()

    def until(self, pattern):
        def found():
            self.heard += self.process.stdout.read() or b""
            return re.search(pattern, self.heard, re.M)
        return until(f"{pattern} from s_client, which said {self.heard!r}", found)

    def say(self, line):
        """The last line of the reply, without its end."""
        self.heard = b""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return self.until(rb"^(\d\d\d .*)\r\n").group(1).decode()

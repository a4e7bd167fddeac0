"""AUTH with clients that are not ours: swaks, smtplib, msmtp, curl, each with every mechanism that it has."""
import os
import re
import smtplib
import subprocess
import unittest

from sasl import plain, scram_line
from server import LIMIT, ForeignTest, Server, header
from test_tls_plugin import TLSWire, certificate
from wire import EHLO, QUEUED, Wire

ANN, PASSWORD = "ann@example.com", "pass word,with=signs"
PLUGINS = ["tls", "auth/flat_file", "rcpt_to.in_host_list", "queue/maildir"]
SENT = "From: <ann@example.com>\r\nTo: <bob@example.net>\r\nSubject: sent\r\n\r\nhello\r\n"


def users(*lines, core=""):
    return f"[core]\n{core}[users]\n" + "".join(lines)


def auth_server(flat_file, plugins=(), objects=None, **more):
    """A server whose clients, being on this machine, are offered AUTH in the clear, too."""
    files = {name.replace("_ini", ".ini"): text for name, text in more.items()}
    config = {"log.ini": "level=data\n", "plugins.ini": "watch_settle=0.1\n", "auth_flat_file.ini": flat_file,
              **certificate(), **files}
    return relayed(Server(plugins=[*plugins, *PLUGINS], config=config, objects=objects))


def relayed(server):
    """The same server, which stores what it relays."""
    server.configure("queue.maildir.ini", f"root={server.mail}\nenable_outbound=true\n")
    return server


def offered(reply):
    """The mechanisms of the AUTH line in a reply to EHLO; None without one."""
    lines = re.findall(rb"^250[- ]AUTH (.*)\r\n", reply, re.M)
    assert len(lines) < 2, reply
    return lines[0].decode().split() if lines else None


def has(program, word, *arguments):
    """Whether a program says that it can do something."""
    shown = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=LIMIT, check=False)
    return word in shown.stdout + shown.stderr


class Auth(ForeignTest):
    """Everything is sent to another domain, which needs relaying, and so a client that has authenticated."""

    def arrived(self, server, method, user=ANN):
        """One message has come, and its Received field says how."""
        (message,) = server.messages()
        self.assertIn(b"Subject: sent", message)
        self.assertRegex(header(message, "Received")[0], r"with ESMTPS?A id ")
        server.logged(rf"\[INFO\] .*\[auth/flat_file\] authenticated user={re.escape(user)} method={method}$")
        self.kept_secret(server)
        os.remove(server.stored()[0])

    def kept_secret(self, server, *more):
        """Nothing in the log, which is written at its most talkative, is the password or a form of it."""
        for secret in (PASSWORD, plain(ANN, PASSWORD), plain("", PASSWORD)[4:-4], *more):
            self.assertIsNone(server.found(re.escape(secret)), secret)

    def run_client(self, *command, stdin=SENT):
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=LIMIT, check=False)

    def test_swaks(self):
        """auth: swaks, with PLAIN, LOGIN and CRAM-MD5, in the clear and in TLS"""
        with auth_server(users(f"{ANN}={PASSWORD}\n")) as server:
            for method in ("PLAIN", "LOGIN", "CRAM-MD5"):
                for tls in ([], ["--tls"]):
                    sent = self.run_client(
                        "swaks", "--server", server.address, "--helo", "client.example.org", "--auth", method,
                        "--auth-user", ANN, "--auth-password", PASSWORD, "--from", ANN, "--to", "bob@example.net",
                        "--header", "Subject: sent", *tls)
                    self.succeeded(sent)
                    self.assertRegex(sent.stdout, r"<[-~]  235 2\.7\.0 Authentication successful")
                    self.arrived(server, method)

    def test_smtplib(self):
        """auth: smtplib, with PLAIN, LOGIN and CRAM-MD5, with an initial response and without"""
        with auth_server(users(f"{ANN}={PASSWORD}\n")) as server:
            for method in ("plain", "login", "cram_md5"):
                for initial in (True, False):
                    with smtplib.SMTP("127.0.0.1", server.port, timeout=LIMIT) as client:
                        client.user, client.password = ANN, PASSWORD
                        client.ehlo("client.example.org")
                        done = client.auth(method.replace("_", "-"), getattr(client, f"auth_{method}"),
                                           initial_response_ok=initial)
                        self.assertEqual(done, (235, b"2.7.0 Authentication successful"))
                        client.sendmail(ANN, "bob@example.net", SENT)
                    self.arrived(server, method.upper().replace("_", "-"))

    def msmtp(self, server, method, password=PASSWORD, certificate_file=None):
        tls = ["--tls=on", "--tls-starttls=on", f"--tls-trust-file={certificate_file}", "--tls-certcheck=on"]
        return self.run_client(
            "msmtp", "--host=localhost" if certificate_file is None else "--host=127.0.0.1", f"--port={server.port}",
            f"--auth={method}", f"--user={ANN}", f"--passwordeval=echo '{password}'", f"--from={ANN}",
            *(tls if certificate_file else ["--tls=off"]), "bob@example.net")

    def test_msmtp(self):
        """auth: msmtp, with PLAIN, LOGIN, CRAM-MD5 and SCRAM-SHA-256 from a clear password"""
        with auth_server(users(f"{ANN}={PASSWORD}\n")) as server:
            for method in ("plain", "login", "cram-md5", "scram-sha-256"):
                self.succeeded(self.msmtp(server, method))
                self.arrived(server, method.upper())

    def test_msmtp_scram(self):
        """auth: msmtp, with SCRAM-SHA-256 from stored keys; a wrong password is refused"""
        with auth_server(users(scram_line(ANN, PASSWORD))) as server:
            self.succeeded(self.msmtp(server, "scram-sha-256"))
            self.arrived(server, "SCRAM-SHA-256")
            refused = self.msmtp(server, "scram-sha-256", password="wrong")
            self.assertNotEqual(refused.returncode, 0)
            self.assertEqual(server.stored(), [])

    def curl(self, server, method, *more):
        return self.run_client(
            "curl", "--silent", "--show-error", f"smtp://{server.address}/client.example.org", "--mail-from", ANN,
            "--mail-rcpt", "bob@example.net", "--upload-file", "-", "--login-options", f"AUTH={method}", *more)

    def test_curl(self):
        """auth: curl, with PLAIN, LOGIN and CRAM-MD5, and with an initial response"""
        with auth_server(users(f"{ANN}={PASSWORD}\n")) as server:
            for method in ("PLAIN", "LOGIN", "CRAM-MD5"):
                for more in ([], ["--sasl-ir"]):
                    self.succeeded(self.curl(server, method, "--user", f"{ANN}:{PASSWORD}", *more))
                    self.arrived(server, method)

    @unittest.skipUnless(has("curl", "gsasl", "--version"), "this curl has no SCRAM")
    def test_curl_scram(self):
        """auth: curl, with SCRAM-SHA-256"""
        with auth_server(users(scram_line(ANN, PASSWORD))) as server:
            self.succeeded(self.curl(server, "SCRAM-SHA-256", "--user", f"{ANN}:{PASSWORD}"))
            self.arrived(server, "SCRAM-SHA-256")

    def test_hashes(self):
        """auth: what `haraka auth hash` makes lets its user in, by PLAIN, and by SCRAM if it is SCRAM's"""
        for scheme in ("scram-sha-256", "yescrypt", "bcrypt", "sha512-crypt", "sha256-crypt"):
            made = subprocess.run([os.path.join(os.environ.get("HARAKA_BUILD", "build"), "bin", "haraka"), "auth", "hash",
                                   "--scheme", scheme, ANN], input=PASSWORD + "\n", capture_output=True, text=True,
                                  timeout=LIMIT, check=False)
            self.succeeded(made)
            self.assertTrue(made.stdout.startswith(f"{ANN}="), made.stdout)
            with auth_server(users(made.stdout)) as server:
                self.succeeded(self.msmtp(server, "plain"))
                self.arrived(server, "PLAIN")
                if scheme == "scram-sha-256":
                    self.succeeded(self.msmtp(server, "scram-sha-256"))
                    self.arrived(server, "SCRAM-SHA-256")

    def test_offered(self):
        """auth: what is offered follows from the stored passwords, and PLUS is for TLS"""
        cases = [(f"{ANN}={PASSWORD}\n", "SCRAM-SHA-256 PLAIN LOGIN CRAM-MD5"),
                 (scram_line(ANN, PASSWORD), "SCRAM-SHA-256 PLAIN LOGIN"),
                 (f"a=clear\n{ANN}={{SHA}}5en6G6MezRroT3XKqkdPOmY/BfQ=\n", "PLAIN LOGIN")]
        for lines, names in cases:
            with auth_server(users(lines)) as server, TLSWire(server.port) as client:
                self.assertEqual(offered(client.say(EHLO)), names.split())
                client.started()
                plus = ["SCRAM-SHA-256-PLUS"] if "SCRAM" in names else []
                self.assertEqual(offered(client.say(EHLO)), plus + names.split())

    def test_live(self):
        """auth: a user who is added can log in at once, one whose line is gone cannot, a file with a mistake changes nothing"""
        with auth_server(users(f"{ANN}={PASSWORD}\n"), auth_ini="[failures]\nmax_delay=0\nmax=0\n") as server, \
                Wire(server.port) as client:
            client.say(EHLO)
            bob = b"AUTH PLAIN " + plain("bob", "secret").encode() + b"\r\n"
            self.assertEqual(client.say(bob), b"535 5.7.8 Authentication failed\r\n")
            since = len(server.lines)
            server.configure("auth_flat_file.ini", users("bob=secret\n"))
            server.logged(r"\[INFO\] .*auth_flat_file\.ini has changed: 1 users", since)
            ann = b"AUTH PLAIN " + plain(ANN, PASSWORD).encode() + b"\r\n"
            self.assertEqual(client.say(ann), b"535 5.7.8 Authentication failed\r\n")
            server.configure("auth_flat_file.ini", users("bob={FOO}secret\n"))
            server.logged(r"\[ERROR\] .*auth_flat_file\.ini: all stays as it was: line 3: the password of bob is in no", since)
            self.assertEqual(client.say(bob), b"235 2.7.0 Authentication successful\r\n")
            self.kept_secret(server, "{FOO}")

    def test_constrain_sender(self):
        """auth: a user writes from the domain of his name only, unless the file says otherwise"""
        refusal = b"550 Envelope domain 'example.net' doesn't match AUTH domain 'example.com'\r\n"
        cases = [("", b"<ann@mail.example.com>", b"250"), ("", b"<ann@example.net>", refusal), ("", b"<>", b"250"),
                 ("constrain_sender=false\n", b"<ann@example.net>", b"250")]
        for core, sender, expected in cases:
            with auth_server(users(f"ann@sub.example.com={PASSWORD}\n", core=core)) as server, Wire(server.port) as client:
                client.say(EHLO)
                said = client.say(b"AUTH PLAIN " + plain("ann@sub.example.com", PASSWORD).encode() + b"\r\n")
                self.assertEqual(said[:3], b"235")
                self.assertTrue(client.say(b"MAIL FROM:" + sender + b"\r\n").startswith(expected))

    def test_notes(self):
        """auth: prevent_credential_leaks sees a user who sends his name and password"""
        with auth_server(users(f"{ANN}={PASSWORD}\n"), plugins=["prevent_credential_leaks"]) as server, \
                Wire(server.port) as client:
            client.say(EHLO)
            client.say(b"AUTH PLAIN " + plain(ANN, PASSWORD).encode() + b"\r\n")
            for text, reply in ((f"{ANN} {PASSWORD}", rb"550 Credential leak detected"), ("hello", QUEUED.pattern)):
                self.assertEqual(client.say(b"MAIL FROM:<ann@example.com>\r\n")[:3], b"250")
                self.assertEqual(client.say(b"RCPT TO:<bob@example.net>\r\n")[:3], b"250")
                client.say(b"DATA\r\n")
                self.assertRegex(client.say(b"Subject: x\r\n\r\n" + text.encode() + b"\r\n.\r\n"), reply)

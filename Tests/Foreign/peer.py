"""A receiving server that does what a test says, byte by byte, at each stage: replies, silence, garbage, TLS, AUTH, LMTP."""
import base64
import contextlib
import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from server import LIMIT, until

EHLO = ("PIPELINING", "8BITMIME", "SIZE 104857600")


class Received:
    """A message that was accepted, or that nobody replied to."""

    def __init__(self, mail, recipients):
        self.mail, self.recipients = mail, list(recipients)  # arguments of MAIL and of each accepted RCPT
        self.data = b""  # with CR LF, dots no longer doubled
        self.session = self.reply = None
        self.time, self.after = 0, 0  # when its end came, and how many commands its session had seen then

    @property
    def sender(self):
        return path(self.mail)

    @property
    def to(self):
        return [path(recipient) for recipient in self.recipients]


def path(argument):
    """What stands in the angle brackets of a FROM:<...> or TO:<...>."""
    return re.search(rb"<(.*?)>", argument)[1].decode("utf-8")


class Close:
    """Instead of a reply: `text` if there is one, and the end of the connection."""

    def __init__(self, text=None, reset=False):
        self.text, self.reset = text, reset


class Raw:
    """Instead of a reply: bytes as they are."""

    def __init__(self, data):
        self.data = data


class Wait:
    """So many seconds before the reply."""

    def __init__(self, seconds, then):
        self.seconds, self.then = seconds, then


class Session:
    """One connection, as it was."""

    def __init__(self, number, address):
        self.number, self.address = number, address
        self.commands = []  # bytes without CR LF
        self.tls = self.user = None
        self.server_name = None
        self.is_over = False

    def verbs(self):
        return [command.split(b" ")[0].upper().decode() for command in self.commands]


class Peer:
    """`replies`: for a stage (connect, EHLO, HELO, LHLO, STARTTLS, XCLIENT, AUTH, MAIL, RCPT, DATA, ".", RSET, QUIT) a reply, a `Close`,
    `Raw` or `Wait`, a list of those for one time after the other (the last one stays), or a function of (session, argument) that
    returns one. For RCPT and, with LMTP, "." also a dictionary by address. None: as usual."""

    def __init__(self, replies=None, ehlo=EHLO, lmtp=False, tls=None, implicit=False, users=None, address="127.0.0.1", port=0,
                 unix=None):
        self.replies = dict(replies or {})
        self.ehlo, self.lmtp, self.tls, self.implicit = ehlo, lmtp, tls, implicit
        self.users = users  # {name: password}: AUTH is offered and wanted
        self.address, self.wanted, self.unix = address, port, unix
        self.sessions, self.accepted = [], []
        self.seen = []  # whole messages, whatever was replied
        self.lock = threading.Lock()
        self.sockets, self.stopped = [], threading.Event()

    def __enter__(self):
        if self.unix:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.bind(self.unix)
            self.port = None
        else:
            self.socket = socket.socket(socket.AF_INET6 if ":" in self.address else socket.AF_INET)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self.socket.bind((self.address, self.wanted))
            except PermissionError:
                self.socket.close()
                raise AssertionError("ports below 1024 are closed: run as root, or sysctl net.ipv4.ip_unprivileged_port_start=25") from None
            self.port = self.socket.getsockname()[1]
        self.socket.listen(128)
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for one in [self.socket, *self.sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        return False

    def hang_up(self):
        """Ends all connections that it has now."""
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def messages(self):
        return list(self.accepted)

    def received(self, count=1, limit=LIMIT):
        return until(f"{count} messages at the peer (sessions: {[one.commands for one in self.sessions][-3:]})",
                     lambda: self.messages() if len(self.accepted) >= count else None, limit)

    def tried(self, count=1, stage="", limit=LIMIT):
        """Waits for so many sessions; with a stage, for so many that got there."""
        def enough():
            found = [one for one in list(self.sessions) if not stage or stage in one.verbs()]
            return found if len(found) >= count else None
        return until(f"{count} sessions {stage}", enough, limit)

    # ---------------------------------------------------------------------------------------------------- a session ----
    def serve(self):
        while not self.stopped.is_set():
            try:
                client, address = self.socket.accept()
            except OSError:
                return
            self.sockets.append(client)
            threading.Thread(target=self.client, args=(client, address and address[0]), daemon=True).start()

    def client(self, client, address):
        with self.lock:
            session = Session(len(self.sessions), address)
            self.sessions.append(session)
        client.settimeout(LIMIT * 2)
        with contextlib.suppress(OSError, ValueError, Over):
            Dialogue(self, session, client).run()
        with contextlib.suppress(OSError):
            client.close()
        session.is_over = True

    def answer(self, stage, session, argument, usual):
        """What to do at a stage."""
        with self.lock:
            how = self.replies.get(stage)
            if callable(how):
                how = how(session, argument)
            if isinstance(how, dict):
                key = path(argument) if b"<" in argument else argument.decode()
                how = how.get(key)
                if isinstance(how, list):
                    how = how.pop(0) if len(how) > 1 else how[0]
            elif isinstance(how, list):
                how = how.pop(0) if len(how) > 1 else how[0]
        return usual if how is None else how


class Over(Exception):
    pass


class Dialogue:
    def __init__(self, peer, session, client):
        self.peer, self.session, self.socket = peer, session, client
        self.file = None if peer.implicit else client.makefile("rb")
        self.message = None

    def run(self):
        if self.peer.implicit:
            self.start_tls()
        self.reply("connect", b"", "220 peer.example.net ESMTP")
        while line := self.file.readline():
            line = line.rstrip(b"\r\n")
            self.session.commands.append(line)
            verb, _, argument = line.partition(b" ")
            getattr(self, "do_" + verb.decode("latin-1").lower(), self.unknown)(argument)

    def reply(self, stage, argument, usual):
        """Sends it; the code, 0 if there was none."""
        return self.perform(self.peer.answer(stage, self.session, argument, usual), usual)

    def perform(self, how, usual):
        while isinstance(how, Wait):
            if self.peer.stopped.wait(how.seconds):
                raise Over
            how = how.then if how.then is not None else usual
        if isinstance(how, Close):
            if how.text:
                self.send(how.text.encode() + b"\r\n")
            if how.reset:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            else:
                with contextlib.suppress(OSError):
                    self.socket.shutdown(socket.SHUT_RDWR)
            raise Over
        if isinstance(how, Raw):
            self.send(how.data)
            return 0
        self.send(how.replace("\n", "\r\n").encode() + b"\r\n")
        return int(how.split("\n")[-1][:3])

    def send(self, data):
        self.socket.sendall(data)

    def start_tls(self):
        self.file = None
        context = self.peer.tls.server()
        context.sni_callback = lambda _, name, __: setattr(self.session, "server_name", name)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.peer.sockets.append(self.socket)
        self.file = self.socket.makefile("rb")
        self.session.tls = self.socket.version()

    # ------------------------------------------------------------------------------------------------------ commands ----
    def hello(self, stage, argument):
        offers = list(self.peer.ehlo)
        if self.peer.tls and not self.session.tls:
            offers.append("STARTTLS")
        if self.peer.users:
            offers.append("AUTH PLAIN LOGIN CRAM-MD5")
        lines = ["peer.example.net", *offers]
        usual = "\n".join(f"250{'-' if place + 1 < len(lines) else ' '}{line}" for place, line in enumerate(lines))
        self.reply(stage, argument, usual)

    def do_ehlo(self, argument):
        if self.peer.lmtp:
            return self.unknown(argument)
        return self.hello("EHLO", argument)

    def do_lhlo(self, argument):
        if not self.peer.lmtp:
            return self.unknown(argument)
        return self.hello("LHLO", argument)

    def do_helo(self, argument):
        self.reply("HELO", argument, "250 peer.example.net")

    def do_starttls(self, argument):
        if not self.peer.tls:
            return self.unknown(argument)
        if self.reply("STARTTLS", argument, "220 go ahead") == 220:
            self.start_tls()

    def do_auth(self, argument):
        import hashlib
        import hmac
        method, _, initial = argument.partition(b" ")
        if method == b"PLAIN":
            if not initial:
                self.send(b"334 \r\n")
                initial = self.file.readline().strip()
            _, user, password = base64.b64decode(initial).split(b"\0")
        elif method == b"LOGIN":
            user, password = (self.ask(b"VXNlcm5hbWU6") if not initial else base64.b64decode(initial)), self.ask(b"UGFzc3dvcmQ6")
        else:
            challenge = b"<1.2@peer.example.net>"
            user, _, digest = self.ask(base64.b64encode(challenge)).partition(b" ")
            known = self.peer.users.get(user.decode(), "").encode()
            is_right = hmac.new(known, challenge, hashlib.md5).hexdigest().encode() == digest
            password = known if is_right else b"\0"
        is_good = self.peer.users.get(user.decode()) == password.decode("latin-1")
        code = self.reply("AUTH", argument, "235 welcome" if is_good else "535 5.7.8 wrong")
        if code == 235:
            self.session.user = user.decode()

    def ask(self, text):
        self.send(b"334 " + text + b"\r\n")
        return base64.b64decode(self.file.readline().strip())

    def do_mail(self, argument):
        usual = "250 2.1.0 ok" if not self.peer.users or self.session.user else "530 5.7.0 log in first"
        self.message = None
        if self.reply("MAIL", argument, usual) // 100 == 2:
            self.message = Received(argument, [])
            self.message.session = self.session

    def do_rcpt(self, argument):
        usual = "250 2.1.5 ok" if self.message else "503 5.5.1 MAIL first"
        if self.reply("RCPT", argument, usual) // 100 == 2 and self.message:
            self.message.recipients.append(argument)

    def do_data(self, argument):
        usual = "354 go on" if self.message and self.message.recipients else "503 5.5.1 RCPT first"
        if self.reply("DATA", argument, usual) != 354:
            return
        lines = []
        while (line := self.file.readline()) != b".\r\n":
            if not line:
                raise Over
            lines.append(line[1:] if line.startswith(b".") else line)
        message, self.message = self.message, None
        message.data = b"".join(lines)
        if not self.peer.lmtp:
            return self.finish(message, b"")
        taken = []
        for recipient in message.recipients:
            if self.reply(".", recipient, "250 2.0.0 saved") // 100 == 2:
                taken.append(recipient)
        if taken:
            message.recipients = taken
            self.peer.accepted.append(message)

    def finish(self, message, argument):
        # Counted before the reply goes out: whoever has read the reply finds it.
        message.time, message.after = time.monotonic(), len(self.session.commands)
        message.reply = self.peer.answer(".", self.session, argument, "250 2.0.0 taken")
        last = message.reply
        while isinstance(last, Wait):
            last = last.then
        self.peer.seen.append(message)
        if last is None or isinstance(last, str) and last.startswith("2"):
            self.peer.accepted.append(message)
        self.perform(message.reply, "250 2.0.0 taken")

    def do_rset(self, argument):
        self.message = None
        self.reply("RSET", argument, "250 2.0.0 ok")

    def do_noop(self, argument):
        self.reply("NOOP", argument, "250 2.0.0 ok")

    def do_xclient(self, argument):
        self.reply("XCLIENT", argument, "220 peer.example.net ESMTP")

    def do_quit(self, argument):
        self.reply("QUIT", argument, "221 2.0.0 bye")
        raise Over

    def unknown(self, _):
        self.send(b"502 5.5.1 unknown\r\n")


class Certificates:
    """An authority of the test's own, and certificates by it. `with Certificates() as made: Peer(tls=made.certificate("mx.x"))`."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="haraka-certificates-")
        self.authority = os.path.join(self.folder, "ca.pem")
        self.key = os.path.join(self.folder, "ca.key")
        self.openssl("req", "-x509", *self.fresh(self.key), "-subj", "/CN=Authority of a test", "-days", "2",
                     "-out", self.authority)
        return self

    def __exit__(self, *_):
        import shutil
        shutil.rmtree(self.folder, ignore_errors=True)
        return False

    @staticmethod
    def fresh(key):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=LIMIT)

    def certificate(self, name, signed=True):
        """For a host; `signed=False`: by itself, so that nobody vouches for it."""
        stem = os.path.join(self.folder, name.replace("*", "_") + ("" if signed else "-self"))
        other = ("IP:" if name[0].isdigit() else "DNS:") + name
        if signed:
            self.openssl("req", *self.fresh(f"{stem}.key"), "-subj", f"/CN={name}", "-addext", f"subjectAltName={other}",
                         "-out", f"{stem}.csr")
            self.openssl("x509", "-req", "-in", f"{stem}.csr", "-CA", self.authority, "-CAkey", self.key, "-CAcreateserial",
                         "-copy_extensions", "copy", "-days", "2", "-out", f"{stem}.pem")
        else:
            self.openssl("req", "-x509", *self.fresh(f"{stem}.key"), "-subj", f"/CN={name}", "-days", "2", "-addext",
                         f"subjectAltName={other}", "-out", f"{stem}.pem")
        return Certificate(f"{stem}.pem", f"{stem}.key")


class Certificate:
    def __init__(self, chain, key):
        self.chain, self.key = chain, key

    def server(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


class NoTLS:
    """Offers STARTTLS and breaks the handshake."""

    def server(self):
        return self

    sni_callback = None

    def wrap_socket(self, client, **_):
        client.recv(4096)
        client.sendall(b"this is no TLS at all\r\n")
        client.shutdown(socket.SHUT_RDWR)
        raise Over

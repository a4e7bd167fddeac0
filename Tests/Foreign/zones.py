"""A name server for tests: records and bad manners that can be set while it runs, over UDP and TCP. RFC 1035.

    with NameServer({"example.com": {"MX": "10 mx.example.com", "TXT": ["v=spf1 -all", ["two ", "strings"]]},
                     "mx.example.com": {"A": ["192.0.2.1", "192.0.2.2"]},
                     "4.2.0.192.in-addr.arpa": {"PTR": "host.example.com"},
                     "*.bl.example.net": {"A": "127.0.0.2"}}) as ns, Server(config={**ns.config()}) as server:
        ns.set("example.com", "A", "192.0.2.9")
        ns.mode("slow.example.com", "silent")
        assert ("example.com", "MX") in ns.asked

A name that is not there is NXDOMAIN; one that has only other types, or names below it, has no data. CNAMEs are followed.
Nothing is signed. Names of `set` are whole ones; "*." at the beginning stands for one label or more.
"""
import contextlib
import ipaddress
import socket
import struct
import threading
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "OPT": 41, "TLSA": 52}
NAMES = {number: name for name, number in TYPES.items()}
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
AT_LEAST = 512  # bytes that any UDP client takes


def reverse(address, zone=""):
    """"4.2.0.192.in-addr.arpa" for 192.0.2.4; with a zone "4.2.0.192.<zone>", as block lists want it."""
    pointer = ipaddress.ip_address(address).reverse_pointer
    return f"{pointer.rsplit('.', 2)[0]}.{zone}" if zone else pointer


class NameServer:
    """Answers on `address` ("127.0.0.1:port") from `with` on; `asked` holds (name, type) of every question, in order."""

    def __init__(self, records=None, ttl=60, negative_ttl=60):
        self.ttl, self.negative_ttl = ttl, negative_ttl
        self.asked = []
        self.records, self.modes = {}, {}
        self.lock = threading.Lock()
        self.sockets, self.timers = [], []
        self.stopped = False
        for name, types in (records or {}).items():
            for kind, values in types.items():
                self.set(name, kind, values)

    # --------------------------------------------------------------------------------------------------- what it says ----
    def set(self, name, kind, values):
        """The records of a name and a type: a text, a list of them, or bytes as they are; None takes them away."""
        items = [] if values is None else values if isinstance(values, list) else [values]
        with self.lock:
            types = self.records.setdefault(clean(name), {})
            number = TYPES[kind] if isinstance(kind, str) else kind
            types.pop(number, None)
            if items:
                types[number] = [data(number, item) for item in items]
            if not types:
                del self.records[clean(name)]

    def mode(self, name, how=None):
        """How questions for a name are treated; "*" stands for all. None: as usual; "silent": no answer at all; "servfail",
        "refused", "nxdomain"; "garbage": bytes that are no message; "truncated": TC over UDP; "wrong": another id, then
        nothing; a number: so many seconds later."""
        with self.lock:
            self.modes[clean(name)] = how

    def config(self, more=""):
        """Files that make a server ask this name server and nobody else: {"dns.ini": text}."""
        return {"dns.ini": f"[main]\nservers[]={self.address}\nhosts=none\ndnssec=off\n{more}"}

    def count(self, name, kind=None):
        """How often something was asked."""
        return sum(1 for asked, of in list(self.asked) if asked == clean(name) and kind in (None, of))

    # ------------------------------------------------------------------------------------------------- start and stop ----
    def __enter__(self):
        for _ in range(50):  # until a port is free for both
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
                break
            except OSError:
                udp.close()
                tcp.close()
        tcp.listen(64)
        self.port = udp.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.sockets = [udp, tcp]
        threading.Thread(target=self.serve_udp, args=(udp,), daemon=True).start()
        threading.Thread(target=self.serve_tcp, args=(tcp,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopped = True
        for timer in self.timers:
            timer.cancel()
        for each in self.sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        return False

    def serve_udp(self, udp):
        while not self.stopped:
            try:
                question, client = udp.recvfrom(65535)
            except OSError:
                return
            self.answer(question, False, lambda message, to=client: udp.sendto(message, to))

    def serve_tcp(self, tcp):
        while not self.stopped:
            try:
                client, _ = tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_client, args=(client,), daemon=True).start()

    def serve_client(self, client):
        with client, contextlib.suppress(OSError, struct.error), client.makefile("rb") as file:
            while size := file.read(2):
                question = file.read(struct.unpack("!H", size)[0])
                self.answer(question, True, lambda message: client.sendall(struct.pack("!H", len(message)) + message))

    # -------------------------------------------------------------------------------------------------------- answers ----
    def answer(self, question, is_tcp, send):
        def quietly(message):
            if not self.stopped:
                with contextlib.suppress(OSError):
                    send(message)
        try:
            name, kind, end = parse(question)
        except (IndexError, struct.error):
            return
        self.asked.append((name, NAMES.get(kind, kind)))
        with self.lock:
            how = self.modes.get(name) or self.modes.get("*")
            message = self.message(question, name, kind, end, how, is_tcp)
        if how == "silent":
            return
        if isinstance(how, (int, float)):
            timer = threading.Timer(how, quietly, (message,))
            timer.daemon = True
            self.timers.append(timer)
            timer.start()
        else:
            quietly(message)

    def message(self, question, name, kind, end, how, is_tcp):
        if how == "garbage":
            return b"\xff" * 40
        answers, code = self.find(name, kind)
        code = {"servfail": SERVFAIL, "refused": REFUSED, "nxdomain": NXDOMAIN}.get(how, code)
        if code != NOERROR and how is not None:
            answers = []
        has_options = struct.unpack("!H", question[10:12])[0] > 0
        room = 65535 if is_tcp else max(AT_LEAST, size_of(question, end)) if has_options else AT_LEAST
        sections = b"".join(record(of, number, self.ttl, content) for of, number, content in answers)
        authority = b"" if any(number == kind for _, number, _ in answers) or code in (SERVFAIL, REFUSED) else self.soa(name)
        options = b"\0" + struct.pack("!HHIH", TYPES["OPT"], 1232, 0, 0) if has_options else b""
        is_cut = len(sections) + len(authority) + end + len(options) > room or (how == "truncated" and not is_tcp)
        if is_cut:
            answers, sections, authority = [], b"", b""
        identity = struct.unpack("!H", question[:2])[0] ^ (0x5555 if how == "wrong" else 0)
        flags = 0x8400 | 0x0080 | (question[2] & 1) << 8 | code | (0x0200 if is_cut else 0)
        counts = (1, len(answers), 1 if authority else 0, 1 if options else 0)
        return struct.pack("!6H", identity, flags, *counts) + question[12:end] + sections + authority + options

    def find(self, name, kind):
        """[(name, type, data)], code: with the chain of CNAMEs in front."""
        answers, seen = [], set()
        while name not in seen:
            seen.add(name)
            types = self.types_of(name)
            if types is None:
                return answers, NXDOMAIN
            if kind in types:
                return answers + [(name, kind, content) for content in types[kind]], NOERROR
            if TYPES["CNAME"] not in types:
                return answers, NOERROR
            target = types[TYPES["CNAME"]][0]
            answers.append((name, TYPES["CNAME"], target))
            name = read_name(target, 0)[0]
        return answers, NOERROR

    def types_of(self, name):
        """The records of a name by type; None: there is no such name."""
        if name in self.records or name == "":
            return self.records.get(name, {})
        if any(known.endswith("." + name) for known in self.records):
            return {}
        labels = name.split(".")
        for place in range(1, len(labels)):
            if (found := self.records.get("*." + ".".join(labels[place:]))) is not None:
                return found
        return None

    def soa(self, name):
        """That a name has nothing holds for `negative_ttl` seconds (RFC 2308)."""
        zone = name.split(".")[-1]
        numbers = struct.pack("!5I", int(time.time()), 3600, 600, 86400, self.negative_ttl)
        return record(zone, TYPES["SOA"], self.negative_ttl, wire("ns." + zone) + wire("hostmaster." + zone) + numbers)


# --------------------------------------------------------------------------------------------------------- the wire ----
def clean(name):
    return name.lower().rstrip(".")


def wire(name):
    labels = [label.encode("latin-1") for label in clean(name).split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def read_name(message, at):
    labels = []
    while length := message[at]:
        labels.append(message[at + 1:at + 1 + length].decode("latin-1").lower())
        at += 1 + length
    return ".".join(labels), at + 1


def parse(question):
    """The first question of a message: name, type, and where it ends."""
    name, at = read_name(question, 12)
    return name, struct.unpack("!H", question[at:at + 2])[0], at + 4


def size_of(question, at):
    """The UDP payload that the client takes (RFC 6891); OPT is the only record of a question."""
    return struct.unpack("!H", question[at + 3:at + 5])[0] if question[at + 1:at + 3] == b"\0\x29" else AT_LEAST


def record(name, number, ttl, content):
    return wire(name) + struct.pack("!HHIH", number, 1, ttl, len(content)) + content


def data(number, value):
    """RDATA of a text as zone files have it."""
    if isinstance(value, bytes):
        return value
    if number == TYPES["TXT"]:
        strings = [value] if isinstance(value, str) else value
        pieces = [text.encode()[at:at + 255] for text in strings for at in range(0, max(1, len(text.encode())), 255)]
        return b"".join(bytes([len(piece)]) + piece for piece in pieces)
    fields = value.split()
    if number in (TYPES["A"], TYPES["AAAA"]):
        return ipaddress.ip_address(value).packed
    if number == TYPES["MX"]:
        return struct.pack("!H", int(fields[0])) + wire(fields[1])
    if number == TYPES["SRV"]:
        return struct.pack("!3H", *map(int, fields[:3])) + wire(fields[3])
    if number == TYPES["TLSA"]:
        return bytes(map(int, fields[:3])) + bytes.fromhex("".join(fields[3:]))
    if number in (TYPES["NS"], TYPES["CNAME"], TYPES["PTR"]):
        return wire(value)
    raise ValueError(f"records of type {number} are given as bytes")

"""uribl through its real shared object, against a name server. PluginsSrc/uribl/README.md."""
import base64

from clients import server
from inline import hooked
from server import ForeignTest, until
from wire import EHLO, Wire, seconds
from zones import NameServer, reverse

TAKE = hooked(rcpt="return HARAKA_OK;", queue='return haraka_answer(call, HARAKA_DENY, "judged");')
EVERYTHING = "".join(f"{purpose}=true\n" for purpose in ("rdns", "helo", "envfrom", "from", "replyto", "msgid", "body"))
# What the plugin brings is not asked here: nobody there answers.
NONE = "".join(f"[{name}]\n" + EVERYTHING.replace("true", "false") for name in (
    "dbl.spamhaus.org", "multi.uribl.com", "multi.surbl.org"))


def listed(*names, zone="bl.example", address="127.0.0.2"):
    return {f"{name}.{zone}": {"A": address} for name in names}


class URIBL(ForeignTest):
    def server(self, names, ini="[bl.example]\n" + EVERYTHING, addresses=("1.2.3.4",), **files):
        return server(names, "uribl", addresses, ["take"], {"take": TAKE}, **{"uribl.ini": NONE + ini}, **files)

    def begin(self, wire):
        for line in (EHLO, b"MAIL FROM:<a@example.org>\r\n", b"RCPT TO:<b@example.com>\r\n"):
            self.assertEqual(wire.say(line)[:3], b"250")

    def send(self, wire, message):
        self.assertEqual(wire.say(b"DATA\r\n")[:3], b"354")
        return wire.say(message.replace("\n", "\r\n").encode() + b"\r\n.\r\n")

    def judge(self, cases, records, ini="[bl.example]\n" + EVERYTHING, **files):
        """Each message gets the reply that names what was found; None: it came to the queue."""
        with NameServer(records) as names, self.server(names, ini, **files) as host, Wire(host.port) as wire:
            for message, found in cases:
                self.begin(wire)
                said = self.send(wire, message)
                if found is None:
                    self.assertRegex(said, rb"^550 judged \(", message)
                else:
                    self.assertEqual(said, b"550 %s\r\n" % found.encode(), message)

    def test_client(self):
        """uribl: the client's name, its greeting and the sender's domain are looked up, each where it is known"""
        records = listed("bad.example.com", "badhelo.com", "badfrom.com", "9.9.9.9")
        records.update({reverse("1.2.3.5"): {"PTR": "bad.example.com"}, reverse("1.2.3.4"): {"PTR": "mx.example.com"}})
        with NameServer(records) as names:
            with self.server(names, addresses=("1.2.3.5", "1.2.3.4")) as host:
                with Wire(host.port) as wire:
                    self.assertEqual(wire.banner, b"554 bad.example.com blacklisted in bl.example\r\n")
                with Wire(host.port) as wire:
                    self.assertEqual(wire.banner[:3], b"220")
                    for line, said in (
                        (b"EHLO badhelo.com", b"550 badhelo.com blacklisted in bl.example"),
                        (b"HELO [9.9.9.9]", b"550 9.9.9.9 blacklisted in bl.example"), (b"EHLO good.com", b"250"),
                        (b"MAIL FROM:<a@BadFrom.com>", b"550 badfrom.com blacklisted in bl.example"),
                        (b"MAIL FROM:<>", b"250"), (b"RSET", b"250"), (b"MAIL FROM:<a@good.com>", b"250")):
                        self.assertEqual(wire.say(line + b"\r\n")[:len(said)], said)
                    self.assertEqual(wire.say(b"VRFY x\r\n"), b"550 pass:envfrom\r\n")
                    said = wire.say(b"NOOP\r\n").decode()
                    for part in ("pass:rdns, helo", "fail:bl.example, helo(badhelo.com), bl.example, helo(9.9.9.9)"):
                        self.assertIn(part, said)

    def test_message(self):
        """uribl: what the header and the texts of a message mention is looked up, however it is written"""
        encoded = base64.b64encode(b"see http://www.bad.com/").decode()
        parts = ("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nhi\n"
                 f"--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n{encoded}\n--b--")
        attached = parts.replace("text/html", "application/x-y")
        found = "www.bad.com blacklisted in bl.example"
        plain = "bad.com blacklisted in bl.example"
        self.judge((
            ("From: a@bad.com\n\nx", plain), ("Reply-To: <a@bad.com>\n\nx", plain), ("Message-Id: <1@bad.com>\n\nx", plain),
            ("To: a@bad.com\n\nx", None), ("Subject: x\n\nsee http://www.bad.com/x", found), ("\nbob@bad.com", plain),
            ("\n<a href='https://u:p@www.bad.com:80/'>", found), (parts, found), (attached, None),
            ("Content-Transfer-Encoding: quoted-printable\n\nhttp://www=2Ebad.c=\nom/", found), ("\nnothing here", None),
            ("\nhttp://9.9.9.9/", "9.9.9.9 blacklisted in bl.example"),
            ("\nhttp://0x09090909/", "9.9.9.9 blacklisted in bl.example"), ("\nhttp://10.0.0.1/ bad.lan", None),
            ("\n" + "x" * 900 + "\n" * 300_000 + "http://www.bad.com/", found),
        ), listed("bad.com", "www.bad.com", "9.9.9.9", "1.0.0.10", "bad.lan"))

    def test_lists(self):
        """uribl: each list is asked for what it wants, in the way it wants, and the first of the file speaks"""
        records = {**listed("bad.co.uk", zone="strip.example"), **listed("9.9.9.9", zone="strip.example"),
                   **listed("bits.com", zone="bits.example", address="127.0.0.4"),
                   **listed("more.com", zone="bits.example", address="127.0.0.6"),
                   **listed("key.com", zone="secret.dq.example"), **listed("fine.com", zone="only.example", address="127.0.0.3"),
                   **listed("odd.com", zone="only.example", address="127.0.1.9"),
                   **listed("refused.com", zone="bits.example", address="127.255.255.254")}
        ini = ("[strip.example]\nbody=1\nstrip_to_domain=1\nno_ip_lookups=1\ncustom_msg={uri} in {zone}; see x?{uri}\n"
               "[bits.example]\nbody=1\nbitmask=2\n[dq.example]\nbody=1\ndqs_key=secret\n"
               "[only.example]\nbody=1\nvalidate=^127\\.0\\.0\\.\n")
        self.judge((
            ("\nhttp://a.b.bad.co.uk/", "bad.co.uk in strip.example; see x?bad.co.uk"), ("\nhttp://9.9.9.9/", None),
            ("\nhttp://bits.com", None), ("\nhttp://more.com", "more.com blacklisted in bits.example"),
            ("\nhttp://key.com", "key.com blacklisted in dq.example"), ("\nhttp://odd.com http://refused.com", None),
            ("\nhttp://fine.com", "fine.com blacklisted in only.example"),
        ), records, ini)

    def test_limits(self):
        """uribl: no more names are looked up than there may be, URIs before others, and none that is excluded"""
        records = listed("last.com", "www.fine.org")
        decoys = " ".join(f"x{number}.com" for number in range(30))
        ini = "[main]\nmax_uris_per_list=5\n[bl.example]\nbody=true\n"
        with NameServer(records) as names:
            files = {"uribl.excludes": "# fine\nFINE.org\n"}
            with self.server(names, ini, **files) as host, Wire(host.port) as wire:
                for message, found in ((f"\n{decoys} last.com", None), ("\nhttp://www.fine.org/", None),
                                       (f"\n{decoys} http://last.com/", b"last.com")):
                    self.begin(wire)
                    names.asked.clear()
                    said = self.send(wire, message)
                    self.assertEqual(said[:4] + said[4:].split(b" ")[0], b"550 " + (found or b"judged"), message)
                    self.assertLessEqual(len({name for name, _ in names.asked}), 5)

    def test_failures(self):
        """uribl: a list that fails or says nothing refuses nobody, and costs one limit"""
        with NameServer() as names:
            names.mode("broken.com.bl.example", "servfail")
            names.mode("late.com.bl.example", "silent")
            with self.server(names, "[main]\ntimeout=0.5\n[bl.example]\nbody=true\n") as host, Wire(host.port) as wire:
                self.begin(wire)
                took, said = seconds(lambda: self.send(wire, "\nhttp://broken.com http://late.com"))
                self.assertRegex(said, rb"^550 judged \(")
                self.assertTrue(0.4 < took < 3, took)

    def test_changes(self):
        """uribl: the files change at once; one with a mistake changes nothing"""
        def helo():
            with Wire(host.port) as wire:
                return wire.say(b"EHLO bad.com\r\n")[:3]
        with NameServer(listed("bad.com")) as names, self.server(names, "[bl.example]\nbody=1\n") as host:
            self.assertEqual(helo(), b"250")
            for text, what in (("helo=maybe", r"\[bl\.example\] helo is neither"), ("helo=1\nvalidate=(", "validate: ")):
                host.configure("uribl.ini", NONE + f"[bl.example]\n{text}\n")
                host.logged(rf"\[ERROR\] .*uribl\.ini: all stays as it was: {what}")
                self.assertEqual(helo(), b"250")
            host.configure("uribl.ini", NONE + "[bl.example]\nhelo=1\n")
            until("the new list", lambda: helo() == b"550")
            host.configure("uribl.excludes", "bad.com\n")
            until("the new exception", lambda: helo() == b"250")

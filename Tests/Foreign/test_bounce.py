"""bounce through its real shared object. PluginsSrc/bounce/README.md."""
import hashlib
import hmac
import json
import tempfile
import time
from email.utils import formatdate

from inline import NOTHING, hooked, server_with
from server import ForeignTest, Server, until
from wire import EHLO, Wire

NOBODY = b"MAIL FROM:<>\r\n"
SECRET = "0123456789abcdef0123456789abcdef"
# A sender in example.net may relay; nobody else may, and nobody has a private address.
WHO = NOTHING + """
HARAKA_HOOK(connect) {
    haraka_value ip = haraka_text_value(haraka_text("1.2.3.4"));
    (void)haraka_table->set(haraka_of_connection(call->connection), HARAKA_CONN_REMOTE_IP, &ip);
    return HARAKA_CONT;
}
HARAKA_HOOK(mail) {
    const haraka_address *a = call->arguments[0].as.address;
    if (a->host.len == 11 && a->host.ptr[10] == 't') (void)haraka_set_relaying(call->connection, 1);
    return HARAKA_CONT;
}
HARAKA_HOOK(rcpt) { (void)call; return HARAKA_OK; }
HARAKA_HOOK(queue) { (void)call; return haraka_answer(call, HARAKA_DENY, "judged"); }
HARAKA_HOOK(queue_outbound) {
    haraka_value v = haraka_null();
    (void)haraka_table->header_get(call->transaction, haraka_text("X-Haraka-Bounce-Validation"), &v);
    return haraka_answer_text(call, HARAKA_DENY, haraka_value_text(haraka_value_at(&v, 0)));
}
"""
LAST = hooked(data_post='return haraka_answer(call, HARAKA_DENY, "the last plugin");')


class BounceTest(ForeignTest):
    def server(self, ini="", who=WHO, **files):
        config = {"log.ini": "level=info\n", "bounce.ini": ini}
        config.update(files)
        with tempfile.TemporaryDirectory(prefix="haraka-test-") as scratch:
            return server_with(scratch, ["who", "bounce", "last"] if "last" in ini else ["who", "bounce"],
                               {"who": who, "last": LAST}, config, Server)

    def envelope(self, client, sender=NOBODY, recipients=(b"b@example.com",)):
        """Up to DATA: the last reply."""
        for command in (EHLO, sender, *(b"RCPT TO:<%s>\r\n" % recipient for recipient in recipients)):
            said = client.say(command)
            if said[:3] != b"250":
                return said
        return client.say(b"DATA\r\n")

    def send(self, client, message, sender=NOBODY):
        self.assertEqual(self.envelope(client, sender)[:3], b"354")
        return client.say(message.replace("\n", "\r\n").encode() + b"\r\n.\r\n")

    def judged(self, said):
        """Nobody had anything against it: it came to the queue."""
        self.assertRegex(said, rb"^550 judged \(")


class Bounces(BounceTest):
    def test_all(self):
        """bounce: all_bounces refuses bounces, and nothing else"""
        for ini, expected in (("[reject]\nall_bounces=true\n", b"550 Bounces not accepted here\r\n"), ("", b"354 ")):
            with self.server(ini) as server:
                for sender, said in ((NOBODY, expected), (b"MAIL FROM:<a@example.org>\r\n", b"354 ")):
                    with Wire(server.port) as client:
                        self.assertEqual(self.envelope(client, sender)[:len(said)], said)

    def test_bad_recipient(self):
        """bounce: an address of bounce_bad_rcpt gets no bounces, but other mail"""
        bad = {"bounce_bad_rcpt": "No-Reply@example.com\n"}
        for ini, refused in (("", True), ("[reject]\nbad_rcpt=false\n", False)):
            with self.server(ini, **bad) as server, Wire(server.port) as client:
                said = self.envelope(client, recipients=(b"no-reply@Example.com",))
                if refused:
                    self.assertEqual(said, b"550 no-reply@Example.com does not accept bounces\r\n")
                    self.assertEqual(self.envelope(client)[:3], b"354")
                    client.say(b".\r\n")
                    said = self.envelope(client, b"MAIL FROM:<a@example.org>\r\n", (b"no-reply@example.com",))
                self.assertEqual(said[:3], b"354")

    def test_single_recipient(self):
        """bounce: a bounce has one recipient, unless the client's address is private"""
        two = (b"b@example.com", b"c@example.com")
        refused = b"554 this bounce message has too many recipients\r\n"
        private = hooked(rcpt="(void)call; return HARAKA_OK;")
        for ini, who, expected in (("", WHO, refused), ("[reject]\nsingle_recipient=false\n", WHO, b"354"),
                                   ("[check]\nsingle_recipient=false\n", WHO, b"354"), ("", private, b"354")):
            with self.server(ini, who) as server, Wire(server.port) as client:
                self.assertEqual(self.envelope(client, recipients=two)[:len(expected)], expected, ini)
        with self.server() as server:
            for sender, recipients in ((NOBODY, two[:1]), (b"MAIL FROM:<a@example.org>\r\n", two)):
                with Wire(server.port) as client:
                    self.assertEqual(self.envelope(client, sender, recipients)[:3], b"354")

    def test_return_path(self):
        """bounce: a bounce that says where it came from is none"""
        ini = "[check]\nempty_return_path=true\n[reject]\nempty_return_path=true\n"
        with self.server(ini) as server, Wire(server.port) as client:
            refused = b"550 bounce with non-empty Return-Path (RFC 3834)\r\n"
            self.assertEqual(self.send(client, "Return-Path: <a@example.org>\n\nx"), refused)
            self.judged(self.send(client, "Return-Path: <>\n\nx"))
            self.judged(self.send(client, "Subject: x\n\nx"))
            self.judged(self.send(client, "Return-Path: <a@example.org>\n\nx", b"MAIL FROM:<a@example.org>\r\n"))
        for ini in (ini.split("[reject]")[0], "[reject]" + ini.split("[reject]")[1]):
            with self.server(ini) as server, Wire(server.port) as client:
                self.judged(self.send(client, "Return-Path: <a@example.org>\n\nx"))

    def test_whitelist(self):
        """bounce: authors on the whitelist may write from nobody to whom they are listed for"""
        ini = "[check]\nempty_return_path=true\n[reject]\nempty_return_path=true\n"
        whitelist = {"bounce_whitelist.json": json.dumps({"b@example.com": ["*@list.example"]})}
        with self.server(ini, **whitelist) as server, Wire(server.port) as client:
            self.judged(self.send(client, "From: L <x@LIST.example>\nReturn-Path: <a@example.org>\n\nx"))
            said = self.send(client, "From: L <x@other.example>\nReturn-Path: <a@example.org>\n\nx")
            self.assertEqual(said[:25], b"550 bounce with non-empty")
        with self.server(ini + "[skip]\nremaining_plugins=true\n; last\n", **whitelist) as server:
            with Wire(server.port) as client:
                self.judged(self.send(client, "From: x@list.example\n\nx"))
                self.assertEqual(self.send(client, "From: x@other.example\n\nx"), b"550 the last plugin\r\n")

    def test_spf(self):
        """bounce: bounce_spf is without effect, and who switches it on is told so"""
        for ini, says in (("", False), ("[check]\nbounce_spf=true\n", True), ("[reject]\nbounce_spf=true\n", True)):
            with self.server(ini) as server:
                self.assertEqual(server.found(r"\[WARN\] .*bounce_spf is without effect") is not None, says, ini)

    def test_changes(self):
        """bounce: bounce.ini and the lists change at once; a file with a mistake changes nothing"""
        def refused():
            with Wire(server.port) as client:
                return self.envelope(client)[:3] == b"550"
        with self.server(bounce_bad_rcpt="x@example.com\n") as server:
            self.assertFalse(refused())
            server.configure("bounce_bad_rcpt", "b@example.com\n")
            until("the new address", refused)
            server.configure("bounce_bad_rcpt", "x@example.com\nexample.com\n")
            server.logged(r"\[ERROR\] .*bounce_bad_rcpt stays as it was: line 2: example\.com: no mail address")
            self.assertTrue(refused())
            server.configure("bounce.ini", "[reject]\nbad_rcpt=false\nall_bounces=nein\n")
            server.logged(r"\[ERROR\] .*bounce\.ini stays as it was: \[reject\] all_bounces is neither true nor false")
            self.assertTrue(refused())
            server.configure("bounce.ini", "[reject]\nbad_rcpt=false\n")
            until("the new switch", lambda: not refused())
            server.configure("bounce.ini", "[check]\nhash_validation=true\n[validation]\nsecret=short-and-hidden\n")
            server.logged(r"\[ERROR\] .*bounce\.ini stays as it was: \[validation\] secret has less than 32 characters")
            server.configure("bounce_whitelist.json", '{"b@example.com": "x@y"}')
            server.logged(r"\[ERROR\] .*bounce_whitelist\.json stays as it was: b@example\.com: no list of addresses")
            self.assertNotIn("short-and-hidden", server.log())


class BounceHashes(BounceTest):
    """These take the services body/1 and digest/1."""

    INI = ("[check]\nhash_validation=true\n[reject]\nhash_validation=true\nhash_date=true\n"
           f"[validation]\nsecret={SECRET}\n")

    def header(self, sent=None, fold=""):
        """The header of a message of ours, with its hash."""
        name, date, mid = "Joe <joe@example.net>", formatdate(sent or time.time()), "<1@example.net>"
        value = hmac.new(SECRET.encode(), f"{name}:{date}:{mid}".encode(), hashlib.sha256).hexdigest()
        return (f"From: Joe{fold} <joe@example.net>\nSubject: x\nDate: {date}\nMessage-ID: {mid}\n"
                f"X-Haraka-Bounce-Validation: {value}\n"), value

    def report(self, header, kind="message/rfc822"):
        return ("From: MAILER-DAEMON@example.org\nContent-Type: multipart/report; boundary=b\n\n"
                "--b\n\nyour message could not be delivered\n"
                "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n"
                f"--b\nContent-Type: {kind}\n\n{header}\nbody\n--b--")

    def test_sent(self):
        """bounce: a message that goes out gets the hash of its From, Date and Message-ID, and no other"""
        with self.server(self.INI) as server, Wire(server.port) as client:
            header, value = self.header()
            unsigned = header.rsplit("X-Haraka", 1)[0]
            for letter in (unsigned, unsigned + "X-Haraka-Bounce-Validation: forged\n", self.header(fold="\n\t")[0]):
                said = self.send(client, letter + "\nx", b"MAIL FROM:<joe@example.net>\r\n")
                self.assertRegex(said, rb"^550 %s \(" % value.encode(), letter)
            said = self.send(client, "From: a@example.net\n\nx", b"MAIL FROM:<joe@example.net>\r\n")
            self.assertNotRegex(said, rb"[0-9a-f]{64}")

    def test_proved(self):
        """bounce: a bounce that quotes a hash of ours passes, wherever it quotes it"""
        with self.server(self.INI) as server, Wire(server.port) as client:
            header = self.header()[0]
            for kind in ("message/rfc822", "text/rfc822-headers", "Message/RFC822; charset=x", "text/plain"):
                self.judged(self.send(client, self.report(header, kind)))
            self.judged(self.send(client, f"From: x@example.org\n\nHi.\n\n--- Below is a copy.\n\n{header}\nx"))
            self.judged(self.send(client, self.report(self.header(fold="\n  ")[0])))

    def test_not_proved(self):
        """bounce: without a hash, with a wrong one, or with one in its own header a bounce is refused"""
        refused = b"550 invalid bounce\r\n"
        with self.server(self.INI) as server, Wire(server.port) as client:
            header, value = self.header()
            wrong = header.replace(value, "0" * 64)
            for letter in (self.report("From: Joe <joe@example.net>\n"), self.report(wrong),
                           self.report(header.replace("<1@", "<2@")), header + "\nx", "Subject: x\n\nx",
                           self.report(f"X-Haraka-Bounce-Validation: {value}\n"), header + self.report(wrong)):
                self.assertEqual(self.send(client, letter), refused, letter)
            self.judged(self.send(client, "Subject: x\n\nx", b"MAIL FROM:<a@example.org>\r\n"))
        with self.server(self.INI.replace("hash_validation=true\nhash_date", "hash_date")) as server:
            with Wire(server.port) as client:
                self.judged(self.send(client, "Subject: x\n\nx"))

    def test_date(self):
        """bounce: a bounce of a message older than max_hash_age_days is refused"""
        with self.server(self.INI) as server, Wire(server.port) as client:
            for days, judged in ((5.9, True), (6.1, False), (-0.9, True), (-1.1, False)):
                said = self.send(client, self.report(self.header(time.time() - days * 86400)[0]))
                if judged:
                    self.judged(said)
                else:
                    self.assertEqual(said, b"550 invalid bounce\r\n")
        with self.server(self.INI + "max_hash_age_days=30\n") as server, Wire(server.port) as client:
            self.judged(self.send(client, self.report(self.header(time.time() - 29 * 86400)[0])))
        with self.server(self.INI.replace("[reject]", "hash_date=false\n[reject]")) as server:
            with Wire(server.port) as client:
                self.judged(self.send(client, self.report(self.header(time.time() - 29 * 86400)[0])))

    def test_skips_others(self):
        """bounce: with remaining_plugins a bounce that is proved is shown to no plugin behind"""
        with self.server(self.INI + "[skip]\nremaining_plugins=true\n; last\n") as server:
            with Wire(server.port) as client:
                self.judged(self.send(client, self.report(self.header()[0])))
                self.assertEqual(self.send(client, "\nx", b"MAIL FROM:<a@example.org>\r\n"), b"550 the last plugin\r\n")

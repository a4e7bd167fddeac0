"""mail_from.is_resolvable through its real shared object, against a name server. PluginsSrc/mail_from.is_resolvable/README.md."""
from clients import server
from server import ForeignTest, until
from wire import EHLO, Wire, seconds
from zones import NameServer

PLUGIN = "mail_from.is_resolvable"
INI = f"{PLUGIN}.ini"
RECORDS = {
    "good.example": {"MX": ["10 mx1.good.example", "20 mx2.good.example"]},
    "mx2.good.example": {"A": "192.0.2.2"},
    "six.example": {"MX": "10 mx.six.example"},
    "mx.six.example": {"AAAA": "2001:db8::6"},
    "implicit.example": {"A": "192.0.2.3"},
    "text.example": {"TXT": "no mail here"},
    "null.example": {"MX": "0 ."},
    "bogus.example": {"MX": "10 mx.bogus.example"},
    "mx.bogus.example": {"A": "127.0.0.1", "AAAA": "::1"},
    "nowhere.example": {"MX": "10 gone.nowhere.example"},
    "ip.example": {"MX": "10 192.0.2.9"},
    "half.example": {"MX": ["10 mx.good.example", "20 broken.half.example"]},
}
NO_MX = b"550 No MX for your FROM address\r\n"
NO_VALID = b"550 No valid MX for your FROM address\r\n"
NULL = b"550 5.7.27 Null MX: null.example does not send mail\r\n"
FAILED = b"450 Temp. resolver error (ESERVFAIL)\r\n"
LATE = b"450 Temp. resolver error (ETIMEOUT)\r\n"


def mail(wire, domain):
    return wire.say(b"MAIL FROM:<a@%s>\r\n" % domain.encode())


class IsResolvable(ForeignTest):
    def check(self, ini, cases):
        """The reply to a sender in each domain; None: 250."""
        with NameServer(RECORDS) as names:
            names.mode("fails.example", "servfail")
            names.mode("broken.half.example", "servfail")
            with server(names, PLUGIN, **{INI: ini}) as host, Wire(host.port) as wire:
                wire.say(EHLO)
                for domain, expected, recorded in cases:
                    said = mail(wire, domain)
                    self.assertEqual(said, expected or b"250 sender <a@%s> OK\r\n" % domain.encode(), (ini, domain))
                    if expected is None:
                        self.assertEqual(wire.say(b"VRFY x\r\n"), b"550 %s\r\n" % recorded.encode(), domain)

    def test_each(self):
        """is_resolvable: each kind of domain gets its reply, and its result"""
        self.check("", (
            ("good.example", None, "pass:has_fwd_dns"), ("six.example", None, "pass:has_fwd_dns"),
            ("implicit.example", None, "pass:implicit_mx"), ("text.example", NO_MX, ""), ("gone.example", NO_MX, ""),
            ("null.example", NULL, ""), ("bogus.example", NO_VALID, ""), ("nowhere.example", NO_VALID, ""),
            ("ip.example", NO_VALID, ""), ("[1.2.3.4]", NO_VALID, ""), ("fails.example", FAILED, ""),
            ("half.example", FAILED, "")))

    def test_defer(self):
        """is_resolvable: no_mx=defer refuses for now, but for the null MX"""
        soft = (b"450 " + NO_MX[4:], b"450 " + NO_VALID[4:])
        self.check("[reject]\nno_mx=defer\n", (
            ("gone.example", soft[0], ""), ("bogus.example", soft[1], ""), ("null.example", NULL, ""),
            ("fails.example", FAILED, ""), ("good.example", None, "pass:has_fwd_dns")))

    def test_no(self):
        """is_resolvable: no_mx=no refuses nobody and records everything"""
        self.check("[reject]\nno_mx=no\n", (
            ("gone.example", None, "fail:no MX"), ("bogus.example", None, "fail:no valid MX"),
            ("null.example", None, "fail:null MX"), ("fails.example", None, "err:fails.example: ESERVFAIL")))

    def test_addresses(self):
        """is_resolvable: with allow_mx_ip an address is as good as a name, and re_bogus_ip says which are none"""
        self.check("allow_mx_ip=true\nre_bogus_ip=^192\\.0\\.2\\.2$\n", (
            ("ip.example", None, "pass:mx_ip"), ("[192.0.2.1]", None, "pass:mx_ip"), ("[IPv6:2001:db8::1]", None, "pass:mx_ip"),
            ("[192.0.2.2]", NO_VALID, ""), ("good.example", NO_VALID, ""), ("bogus.example", None, "pass:has_fwd_dns")))

    def test_nobody(self):
        """is_resolvable: who sends from nowhere is not looked up"""
        with NameServer(RECORDS) as names, server(names, PLUGIN) as host, Wire(host.port) as wire:
            wire.say(EHLO)
            self.assertEqual(wire.say(b"MAIL FROM:<>\r\n")[:3], b"250")
            self.assertEqual(wire.say(b"VRFY x\r\n"), b"550 skip:null host\r\n")
            self.assertFalse([asked for asked in names.asked if asked[1] == "MX"])

    def test_silence(self):
        """is_resolvable: a resolver that says nothing costs a client one limit, and is an answer for now"""
        with NameServer(RECORDS) as names:
            names.mode("late.example", "silent")
            with server(names, PLUGIN, **{INI: "timeout_ms=400\n"}) as host, Wire(host.port) as wire:
                wire.say(EHLO)
                took, said = seconds(lambda: mail(wire, "late.example"))
                self.assertEqual(said, LATE)
                self.assertTrue(0.3 < took < 3, took)
                self.assertEqual(mail(wire, "good.example")[:3], b"250")

    def test_gone(self):
        """is_resolvable: a client that leaves while its sender is looked up does no harm"""
        with NameServer(RECORDS) as names:
            names.mode("late.example", 0.5)
            with server(names, PLUGIN) as host:
                with Wire(host.port) as wire:
                    wire.say(EHLO)
                    wire.send(b"MAIL FROM:<a@late.example>\r\n")
                    until("the question", lambda: names.count("late.example", "MX"))
                    wire.abort()
                with Wire(host.port) as wire:
                    wire.say(EHLO)
                    self.assertEqual(mail(wire, "good.example")[:3], b"250")

    def test_changes(self):
        """is_resolvable: the file changes at once; one with a mistake changes nothing"""
        def said():
            with Wire(host.port) as wire:
                wire.say(EHLO)
                return mail(wire, "gone.example")[:3]
        with NameServer(RECORDS) as names, server(names, PLUGIN) as host:
            self.assertEqual(said(), b"550")
            for text, what in (("[reject]\nno_mx=perhaps\n", r"\[reject\] no_mx is none of deny, defer, no"),
                               ("re_bogus_ip=(\n", "re_bogus_ip: "),
                               ("timeout_ms=0\n", r"\[main\] timeout_ms is no number of milliseconds")):
                host.configure(INI, text)
                host.logged(rf"\[ERROR\] .*{INI}: all stays as it was: {what}")
                self.assertEqual(said(), b"550")
            host.configure(INI, "[reject]\nno_mx=defer\n")
            until("the new word", lambda: said() == b"450")

"""helo.checks through its real shared object. PluginsSrc/helo.checks/README.md."""
import tempfile

from inline import NOTHING, hooked, server_with
from server import ForeignTest, Server, until
from wire import Wire, seconds
from zones import NameServer

REJECT_ALL = "[reject]\n" + "".join(f"{check}=true\n" for check in (
    "match_re", "bare_ip", "dynamic", "big_company", "literal_mismatch", "valid_hostname", "rdns_match",
    "host_mismatch", "proto_mismatch", "forward_dns"))
ONLY = "[check]\n" + "".join(f"{check}=false\n" for check in (
    "match_re", "bare_ip", "dynamic", "big_company", "literal_mismatch", "valid_hostname", "rdns_match",
    "host_mismatch", "proto_mismatch", "forward_dns"))


def client(ip="1.2.3.77", name="mx.example.org"):
    """C code that makes the client another one."""
    return hooked(connect=f"""
        haraka_value ip = haraka_text_value(haraka_text("{ip}")), name = haraka_text_value(haraka_text("{name}"));
        (void)haraka_table->set(haraka_of_connection(call->connection), HARAKA_CONN_REMOTE_IP, &ip);
        (void)haraka_table->set(haraka_of_connection(call->connection), HARAKA_CONN_REMOTE_HOST, &name);
        return HARAKA_CONT;""")


# Answers a command SHOW with what helo.checks has recorded.
SHOW = NOTHING + """
HARAKA_HOOK(noop) {
    haraka_str text = {0};
    (void)haraka_table->result_collate(haraka_of_connection(call->connection), haraka_text("helo.checks"), &text);
    return haraka_answer_text(call, HARAKA_DENY, text);
}
"""


class HeloChecks(ForeignTest):
    @classmethod
    def setUpClass(cls):
        cls.nobody = NameServer().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.nobody.__exit__()

    def server(self, ini, who=None, **files):
        config = {"log.ini": "level=info\n", "helo.checks.ini": ini, **self.nobody.config()}
        config.update({name.replace("_", "."): text for name, text in files.items()})
        with tempfile.TemporaryDirectory(prefix="haraka-test-") as scratch:
            code = {"who": who or client(), "show": SHOW}
            return server_with(scratch, ["who", "helo.checks", "show"], code, config, Server)

    def check(self, check, cases, who=None, more="", **files):
        """With nothing but this check, which refuses: the reply to each name, None for 250."""
        ini = ONLY.replace(f"{check}=false", f"{check}=true") + f"[reject]\n{check}=true\n{more}"
        with self.server(ini, who, **files) as server:
            for name, expected in cases:
                with Wire(server.port) as wire:
                    said = wire.say(b"EHLO %s\r\n" % name.encode())
                    if expected is None:
                        self.assertEqual(said[:3], b"250", (check, name, said))
                    else:
                        self.assertEqual(said, b"550 %s\r\n" % expected.encode(), (check, name))

    def test_each(self):
        """helo.checks: each check refuses what it is about, in its own words, and nothing else"""
        self.check("match_re", (("BAD.example", "That HELO not allowed here"), ("notbad.example", None)),
                   helo_checks_regexps="bad\\..*\n")
        self.check("bare_ip", (("1.2.3.77", "Invalid address format in HELO"), ("[1.2.3.77]", None)))
        self.check("dynamic", (("dsl-77-3.example.org", "HELO is dynamic"), ("mx77.example.org", None)))
        self.check("big_company", (("Yahoo.com", "You are not who you say you are"), ("example.org", None)))
        self.check("big_company", (("yahoo.com", "Big company w/o rDNS? Unlikely."),), client(name="Unknown"))
        self.check("big_company", (("my.example", None), ("yahoo.com", "You are not who you say you are")),
                   more="[bigco]\nmy.example=example.net,example.org\n")
        self.check("literal_mismatch", (("[1.2.3.1]", None), ("mx.example.org", None),
                                        ("[1.2.4.77]", "HELO IP literal not in the same /24 as your IP address")))
        no_dot = "HELO host must be a FQDN or address literal (RFC 5321 2.3.5)"
        self.check("valid_hostname", (("localhost", no_dot), ("a_b.example.org", "HELO host name invalid"),
                                      ("mx.example.org", None), ("pc.lan", None), ("x.corp", None), ("corp", None)),
                   more="[skip]\ntlds[]=lan\n", helo_checks_allow="corp\n")
        self.check("rdns_match", (("mx.EXAMPLE.org", None), ("other.example.org", None),
                                  ("mx.example.com", "HELO host does not match rDNS")))

    def test_literal_modes(self):
        """helo.checks: literal_mismatch is as strict as its number says, and 0 is none"""
        for mode, near, private in ((1, b"550", b"550"), (2, b"250", b"550"), (3, b"250", b"250"), (0, b"250", b"250")):
            ini = f"[check]\nliteral_mismatch={mode}\n[reject]\nliteral_mismatch=true\n"
            with self.server(ini) as server:
                for name, expected in ((b"[1.2.3.1]", near), (b"[10.0.0.1]", private), (b"[1.2.3.77]", b"250")):
                    with Wire(server.port) as wire:
                        self.assertEqual(wire.say(b"HELO %s\r\n" % name)[:3], expected, (mode, name))

    def test_again(self):
        """helo.checks: a second greeting is compared with the first"""
        with self.server(ONLY.replace("host_mismatch=false", "") + "[reject]\nhost_mismatch=true\n") as server:
            with Wire(server.port) as wire:
                self.assertEqual(wire.say(b"EHLO a.example\r\n")[:3], b"250")
                self.assertEqual(wire.say(b"EHLO A.example\r\n")[:3], b"250")
                refused = b"550 HELO host host_mismatch(a.example / b.example)\r\n"
                self.assertEqual(wire.say(b"EHLO b.example\r\n"), refused)
                self.assertEqual(wire.say(b"EHLO b.example\r\n"), refused)
                self.assertEqual(wire.say(b"EHLO a.example\r\n")[:3], b"250")
        with self.server(ONLY.replace("proto_mismatch=false", "") + "[reject]\nproto_mismatch=true\n") as server:
            for first, second in ((b"HELO", b"EHLO"), (b"EHLO", b"HELO")):
                with Wire(server.port) as wire:
                    self.assertEqual(wire.say(first + b" a.example\r\n")[:3], b"250")
                    self.assertEqual(wire.say(second + b" a.example\r\n"), b"550 %s protocol mismatch\r\n" % second)

    def test_results(self):
        """helo.checks: by default each check leaves its result, and nobody is refused"""
        with self.server("") as server, Wire(server.port) as wire:
            self.assertEqual(wire.say(b"EHLO dsl-3-77.localnet\r\n")[:3], b"250")
            shown = wire.say(b"NOOP\r\n").decode()
            for part in ("helo_host: dsl-3-77.localnet", "pass:match_re, bare_ip, dynamic, big_company(not), ",
                         "fail:valid_hostname(tld), rdns_match, forward_dns(invalid)"):
                self.assertIn(part, shown)
            again = wire.say(b"EHLO dsl-3-77.localnet\r\n")
            self.assertEqual(again[:3], b"250")
            self.assertEqual(wire.say(b"NOOP\r\n").decode(), shown)
            self.assertEqual(wire.say(b"EHLO dsl-3-77.example.org\r\n")[:3], b"250")
            self.assertRegex(wire.say(b"NOOP\r\n").decode(), r"fail:.*dynamic.*host_mismatch\(dsl-3-77\.localnet / ")

    def test_skips(self):
        """helo.checks: clients with a private address, or that may relay, are left alone unless they are not to be"""
        relaying = hooked(connect="(void)haraka_set_relaying(call->connection, 1); return HARAKA_CONT;")
        for who, key, reason in ((client("10.0.0.1"), "private_ip", b"private_ip"), (relaying, "relaying", b"relaying")):
            others = "private_ip=false\n" if key == "relaying" else ""
            with self.server(REJECT_ALL + "[skip]\n" + others, who) as server, Wire(server.port) as wire:
                self.assertEqual(wire.say(b"EHLO localhost\r\n")[:3], b"250")
                self.assertIn(b"skip:" + reason, wire.say(b"NOOP\r\n"))
            with self.server(f"{REJECT_ALL}[skip]\n{others}{key}=false\n", who) as server, Wire(server.port) as wire:
                self.assertEqual(wire.say(b"EHLO localhost\r\n")[:3], b"550")

    def test_forward_dns(self):
        """helo.checks: the name in HELO has the client's address, or one and stands in the client's domain"""
        records = {"good.example.net": {"A": ["192.0.2.1", "1.2.3.77"]}, "other.example.net": {"A": "9.9.9.9"},
                   "near.example.org": {"AAAA": "2001:db8:1::9"}, "text.example.net": {"TXT": "no address"}}
        none = "550 HELO host has no forward DNS match"
        broken = "550 Invalid HELO host cannot achieve forward DNS match"
        cases = (("good.example.net", None, "pass:forward_dns"), ("near.example.org", None, r"pass:forward_dns\(domain\)"),
                 ("other.example.net", none, "fail:forward_dns"), ("text.example.net", none, r"fail:forward_dns\(no address\)"),
                 ("gone.example.net", none, r"fail:forward_dns\(no address\)"), ("[1.2.3.77]", None, r"skip:forward_dns\(literal\)"),
                 ("localhost", broken, r"fail:forward_dns\(invalid\)"), ("a.nowhere", broken, r"fail:forward_dns\(invalid\)"),
                 ("late.example.net", "450 DNS timeout resolving your HELO hostname", r"err:forward_dns\(timeout\)"),
                 ("fails.example.net", "450 DNS timeout resolving your HELO hostname", r"err:forward_dns\(dns error\)"))
        ini = "dns_timeout=0.5\n" + ONLY.replace("forward_dns=false", "forward_dns=true")
        with NameServer(records) as names:
            names.mode("late.example.net", "silent")
            names.mode("fails.example.net", "servfail")
            for switch in ("", "[reject]\nforward_dns=true\n"):
                with self.server(ini + switch, **names.config()) as server:
                    for name, refused, recorded in cases:
                        with Wire(server.port) as wire:
                            took, said = seconds(lambda wire=wire, name=name: wire.say(b"EHLO %s\r\n" % name.encode()).decode())
                            self.assertLess(took, 3, name)
                            self.assertEqual(said if refused and switch else said[:3], f"{refused}\r\n" if refused and switch else "250")
                            if not refused or not switch:
                                self.assertRegex(wire.say(b"NOOP\r\n").decode(), recorded)

    def test_once(self):
        """helo.checks: a client that another check refuses, or that says the same again, costs no lookup"""
        with NameServer({"mx.example.org": {"A": "1.2.3.77"}}) as names:
            ini = "[reject]\nmatch_re=true\n"
            with self.server(ini, helo_checks_regexps="bad\\..*\n", **names.config()) as server, Wire(server.port) as wire:
                self.assertEqual(wire.say(b"EHLO bad.example.org\r\n")[:3], b"550")
                for _ in range(3):
                    self.assertEqual(wire.say(b"EHLO mx.example.org\r\n")[:3], b"250")
                self.assertEqual((names.count("bad.example.org"), names.count("mx.example.org")), (0, 2))

    def test_changes(self):
        """helo.checks: switches and expressions change at once; a file with a mistake changes nothing"""
        def greet(name=b"bad.example.org"):
            with Wire(server.port) as wire:
                return wire.say(b"EHLO %s\r\n" % name)[:3]
        with self.server("[check]\nforward_dns=false\n[reject]\nmatch_re=true\n") as server:
            self.assertEqual(greet(), b"250")
            server.configure("helo.checks.regexps", "bad\\..*\n")
            until("the new expression", lambda: greet() == b"550")
            server.configure("helo.checks.regexps", "good\\..*\n# x\n*\n")
            server.logged(r"\[ERROR\] .*helo\.checks\.regexps stays as it was: line 3: ")
            self.assertEqual((greet(), greet(b"good.example.org")), (b"550", b"250"))
            server.configure("helo.checks.ini", "[reject]\nmatch_re=perhaps\n")
            server.logged(r"\[ERROR\] .*helo\.checks\.ini: all stays as it was: .*\[reject\] match_re is neither")
            self.assertEqual(greet(), b"550")
            server.configure("helo.checks.ini", "[check]\nforward_dns=false\n[reject]\nmatch_re=false\nvalid_hostname=true\n")
            until("the new switches", lambda: (greet(), greet(b"corp")) == (b"250", b"550"))
            server.configure("helo.checks.allow", "corp\n")
            until("the new exception", lambda: greet(b"corp") == b"250")

"""fcrdns through its real shared object, against a name server. PluginsSrc/fcrdns/README.md."""
from clients import server
from inline import hooked
from server import ForeignTest, header, until
from wire import EHLO, ENVELOPE, Wire, seconds
from zones import NameServer, reverse

ALL = "[reject]\nno_rdns=true\nno_fcrdns=true\ninvalid_tld=true\ngeneric_rdns=true\n"
RECORDS = {
    reverse("1.2.3.4"): {"PTR": ["mx.example.com"]}, "mx.example.com": {"A": ["1.2.3.4", "9.9.9.9"]},
    reverse("1.2.3.5"): {"PTR": ["other.example.com", "near.example.com"]}, "near.example.com": {"A": "1.2.3.99"},
    reverse("1.2.3.6"): {"PTR": "wrong.example.com"}, "wrong.example.com": {"A": "9.9.9.9"},
    reverse("1.2.3.7"): {"PTR": "mx.local"}, "mx.local": {"A": "1.2.3.7"},
    reverse("1.2.3.8"): {"PTR": "dsl-3-8.example.com"}, "dsl-3-8.example.com": {"A": "1.2.3.8"},
    reverse("1.2.3.9"): {"PTR": "late.example.com"},
    reverse("2001:db8:0:5::1"): {"PTR": "six.example.com"}, "six.example.com": {"AAAA": "2001:db8:0:5::1"},
}
# A queue that says what the header has.
QUEUE = hooked(
    rcpt="return HARAKA_OK;",
    queue="""
        haraka_value names = haraka_null(), others = haraka_null(), results = haraka_null();
        char text[1024];
        size_t used = 0;
        (void)haraka_table->header_get(call->transaction, haraka_text("X-Haraka-FCrDNS"), &names);
        (void)haraka_table->header_get(call->transaction, haraka_text("X-Haraka-rDNS-OtherIPs"), &others);
        (void)haraka_table->header_get(call->transaction, haraka_text("Authentication-Results"), &results);
        const haraka_value *lists[] = {&names, &others, &results};
        for (int i = 0; i < 3; i++) {
            for (size_t j = 0; j < haraka_value_count(lists[i]); j++) {
                haraka_str s = haraka_value_text(haraka_value_at(lists[i], j));
                for (size_t k = 0; k < s.len && used < sizeof text - 2; k++)
                    text[used++] = s.ptr[k] == '\\r' || s.ptr[k] == '\\n' || s.ptr[k] == '\\t' ? ' ' : s.ptr[k];
                text[used++] = '|';
            }
        }
        haraka_str all = {text, used};
        return haraka_answer_text(call, HARAKA_DENY, all);""")


class FCrDNS(ForeignTest):
    def greeted(self, ini, cases, name_server=None):
        """The first reply to a client of each address: None for a banner."""
        with (name_server or NameServer(RECORDS)) as names:
            names.mode(reverse("1.2.3.66"), "servfail")
            with server(names, "fcrdns", [ip for ip, _ in cases], **{"fcrdns.ini": ini}) as host:
                for ip, expected in cases:
                    with Wire(host.port) as wire:
                        if expected is None:
                            self.assertEqual(wire.banner[:4], b"220 ", (ini, ip))
                        else:
                            self.assertEqual(wire.banner, b"%s\r\n" % expected.encode(), (ini, ip))

    def test_refused(self):
        """fcrdns: each switch refuses what it is about, in its own words, and nothing else"""
        self.greeted(ALL, (
            ("1.2.3.4", None), ("1.2.3.5", None), ("2001:db8:0:5::1", None), ("10.0.0.1", None),
            ("1.2.3.44", "554 client [1.2.3.44] rejected; no rDNS"), ("1.2.3.6", "554 Sorry, no FCrDNS match found"),
            ("1.2.3.7", "554 client [1.2.3.7] rejected; invalid TLD in rDNS (mx.local)"),
            ("1.2.3.8", "554 client dsl-3-8.example.com [1.2.3.8] rejected; generic rDNS, please use your ISPs SMTP relay"),
            ("1.2.3.66", "421 client [1.2.3.66] rDNS lookup error (ESERVFAIL)")))

    def test_nobody(self):
        """fcrdns: by default nobody is refused"""
        self.greeted("", tuple((ip, None) for ip in (
            "1.2.3.4", "1.2.3.44", "1.2.3.6", "1.2.3.7", "1.2.3.8", "1.2.3.66")))

    def test_silence(self):
        """fcrdns: a resolver that says nothing costs a client one limit, and refuses for now"""
        with NameServer(RECORDS) as names:
            names.mode(reverse("1.2.3.4"), "silent")
            names.mode("late.example.com", "silent")
            ini = "timeout=0.4\n" + ALL
            with server(names, "fcrdns", ["1.2.3.4", "1.2.3.9"], **{"fcrdns.ini": ini}) as host:
                for words in (b"421 client [1.2.3.4] rDNS lookup timeout\r\n", b"421 Sorry, no FCrDNS match found\r\n"):
                    took, wire = seconds(lambda: Wire(host.port))
                    with wire:
                        self.assertEqual(wire.banner, words)
                        self.assertTrue(0.3 < took < 3, took)

    def test_results(self):
        """fcrdns: what is found stands in the results, and the name is the client's"""
        cases = (
            ("1.2.3.4", ("has_rdns: true", "ptr_names: mx.example.com", "fcrdns: mx.example.com", "other_ips: 9.9.9.9",
                         "pass:has_rdns, valid_tld, ptr_valid, fcrdns, is_generic_rdns"), "mx.example.com"),
            ("1.2.3.5", ("fcrdns: near.example.com", "other_ips: 1.2.3.99"), "near.example.com"),
            ("1.2.3.6", ("fail:fcrdns", "ptr_name_has_ips: true"), "wrong.example.com"),
            ("1.2.3.8", ("ip_in_rdns: true", "generic_rdns: true", "fail:is_generic_rdns"), "dsl-3-8.example.com"),
            ("1.2.3.44", ("has_rdns: false", "fail:has_rdns"), ""),
            ("10.0.0.1", ("skip:private_ip",), ""))
        with NameServer(RECORDS) as names, server(names, "fcrdns", [case[0] for case in cases]) as host:
            for ip, parts, name in cases:
                with Wire(host.port) as wire:
                    hello = wire.say(EHLO).decode()
                    self.assertIn(f"Hello {name + ' ' if name else ''}[{ip}]", hello.replace("  ", " "))
                    said = wire.say(b"NOOP\r\n").decode()
                    for part in parts:
                        self.assertIn(part, said, ip)

    def test_once(self):
        """fcrdns: the address is looked up once: the core takes the name from here"""
        with NameServer(RECORDS) as names, server(names, "fcrdns") as host, Wire(host.port):
            self.assertEqual(names.count(reverse("1.2.3.4"), "PTR"), 1)
            self.assertEqual(names.count("mx.example.com"), 2)

    def test_header(self):
        """fcrdns: the message shows what was found, and nothing that the client made up"""
        message = b"X-Haraka-FCrDNS: bank.example\r\nX-Haraka-rDNS-OtherIPs: 8.8.8.8\r\nSubject: x\r\n\r\nx\r\n.\r\n"
        iprev = "mx.example.com; iprev="
        cases = (("1.2.3.4", f"mx.example.com|9.9.9.9|{iprev}pass|"), ("1.2.3.6", f"9.9.9.9|{iprev}fail|"),
                 ("1.2.3.44", f"{iprev}permerror|"), ("1.2.3.66", f"{iprev}temperror|"), ("10.0.0.1", ""))
        with NameServer(RECORDS) as names:
            names.mode(reverse("1.2.3.66"), "servfail")
            addresses = [case[0] for case in cases]
            with server(names, "fcrdns", addresses, ["queue_says"], {"queue_says": QUEUE}) as host:
                for ip, expected in cases:
                    with Wire(host.port) as wire:
                        for line in (EHLO, *ENVELOPE.splitlines(keepends=True), b"DATA\r\n"):
                            wire.say(line)
                        said = wire.say(message).decode().split(" ", 1)[1].rsplit(" (", 1)[0]
                        self.assertEqual(" ".join(said.split()), expected or "Message denied", ip)

    def test_changes(self):
        """fcrdns: the file changes at once; one with a mistake changes nothing"""
        def greeted():
            with Wire(host.port) as wire:
                return wire.banner[:3]
        with NameServer(RECORDS) as names, server(names, "fcrdns", ["1.2.3.44"]) as host:
            self.assertEqual(greeted(), b"220")
            host.configure("fcrdns.ini", "[reject]\nno_rdns=perhaps\n")
            host.logged(r"\[ERROR\] .*fcrdns\.ini: all stays as it was: \[reject\] no_rdns is neither true nor false")
            self.assertEqual(greeted(), b"220")
            host.configure("fcrdns.ini", "[reject]\nno_rdns=true\n")
            until("the new switch", lambda: greeted() == b"554")

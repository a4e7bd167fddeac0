"""dns-list through its real shared object, against a name server. PluginsSrc/dns-list/README.md."""
from clients import server
from server import ForeignTest, until
from wire import EHLO, Wire, seconds
from zones import NameServer, reverse

IP = "1.2.3.4"


def zones(*names, more=""):
    return "".join(f"zones[]={name}\n" for name in names) + more


def healthy(*names):
    """Records of lists that are well."""
    return {reverse("127.0.0.2", name): {"A": "127.0.0.2"} for name in names}


class DNSList(ForeignTest):
    def server(self, names, ini, addresses=(IP,), **more):
        return server(names, "dns-list", addresses, **{"dns-list.ini": ini}, **more)

    def ready(self, names, *lists):
        """Waits until the lists were looked at."""
        for name in lists:
            until(f"the check of {name}", lambda name=name: names.count(reverse("127.0.0.1", name), "A"))

    def test_block(self):
        """dns-list: a client on block lists is refused with their names, in the order of the file"""
        records = healthy("one.example", "two.example", "three.example", "soft.example")
        for name in ("three.example", "one.example", "soft.example"):
            records[reverse(IP, name)] = {"A": "127.0.0.9"}
        records[reverse("2001:db8:0:5::1", "one.example")] = {"A": "127.0.0.2"}
        ini = zones("one.example", "two.example", "soft.example", "three.example", more=(
            "[soft.example]\nreject=false\n127.0.0.9=soft\n"))
        addresses = (IP, "1.2.3.5", "2001:db8:0:5::1", "10.0.0.1")
        with NameServer(records) as names, self.server(names, ini, addresses) as host:
            self.ready(names, "one.example", "two.example", "three.example", "soft.example")
            refused = b"554 host [%s] is listed on %s\r\n"
            with Wire(host.port) as wire:
                self.assertEqual(wire.banner, refused % (IP.encode(), b"one.example, three.example"))
            with Wire(host.port) as wire:
                self.assertEqual(wire.banner[:3], b"220")
                wire.say(EHLO)
                self.assertEqual(wire.say(b"NOOP\r\n"),
                                 b"500 pass:one.example, two.example, soft.example, three.example\r\n")
            with Wire(host.port) as wire:
                self.assertEqual(wire.banner, refused % (b"2001:db8:0:5::1", b"one.example"))
            with Wire(host.port) as wire:
                self.assertEqual(wire.banner[:3], b"220")
                wire.say(EHLO)
                self.assertEqual(wire.say(b"NOOP\r\n"), b"500 skip:private: 10.0.0.1\r\n")
            self.assertEqual(names.count(reverse("10.0.0.1", "one.example")), 0)

    def test_kinds(self):
        """dns-list: lists that refuse nobody leave their results; an allow list wins over block lists"""
        records = healthy("block.example", "karma.example", "white.example")
        records[reverse(IP, "karma.example")] = {"A": ["127.0.0.2", "127.0.1.1"]}
        records[reverse("1.2.3.5", "white.example")] = {"A": "127.0.5.1"}
        records[reverse("1.2.3.5", "block.example")] = {"A": "127.0.0.2"}
        records[reverse("1.2.3.6", "karma.example")] = {"A": "127.0.0.3"}
        ini = zones("block.example", "karma.example", "white.example", more=(
            "accept=connect helo\n[karma.example]\ntype=karma\n127.0.0.2=bad\n127.0.0.3=grey\n[white.example]\ntype=allow\n"))
        with NameServer(records) as names, self.server(names, ini, (IP, "1.2.3.5", "1.2.3.6")) as host:
            self.ready(names, "block.example", "karma.example", "white.example")
            for parts in (
                (r"karma\.example: (bad, 127\.0\.1\.1|127\.0\.1\.1, bad)", "fail:karma.example", "pass:block.example"),
                ("fail:block.example", "pass:white.example"), (r"msg:karma\.example\(grey\)",)):
                with Wire(host.port) as wire:
                    self.assertEqual(wire.banner[:3], b"220")
                    wire.say(EHLO)
                    said = wire.say(b"NOOP\r\n").decode()
                    for part in parts:
                        self.assertRegex(said, part)

    def test_first(self):
        """dns-list: with search=first a list that decides ends the search"""
        records = healthy("quick.example", "slow.example")
        records[reverse(IP, "quick.example")] = {"A": "127.0.0.2"}
        for search, least, most in (("first", 0, 1.0), ("all", 1.4, 9)):
            with NameServer(records) as names:
                with self.server(names, zones("slow.example", "quick.example", more=f"search={search}\n")) as host:
                    self.ready(names, "quick.example", "slow.example")
                    names.mode(reverse(IP, "slow.example"), 1.5)
                    took, wire = seconds(lambda: Wire(host.port))
                    with wire:
                        self.assertEqual(wire.banner, b"554 host [1.2.3.4] is listed on quick.example\r\n")
                    self.assertTrue(least <= took < most, (search, took))

    def test_failures(self):
        """dns-list: a list that fails or says nothing refuses nobody, and costs one limit once"""
        records = healthy("good.example", "broken.example", "late.example")
        with NameServer(records) as names:
            names.mode(reverse(IP, "broken.example"), "servfail")
            names.mode(reverse(IP, "late.example"), "silent")
            ini = zones("good.example", "broken.example", "late.example", more="timeout=0.5\n")
            with self.server(names, ini) as host:
                self.ready(names, "good.example", "broken.example", "late.example")
                took, wire = seconds(lambda: Wire(host.port))
                with wire:
                    self.assertEqual(wire.banner[:3], b"220")
                    self.assertTrue(0.4 < took < 3, took)
                    wire.say(EHLO)
                    said = wire.say(b"NOOP\r\n").decode()
                    self.assertIn("pass:good.example", said)
                    self.assertRegex(said, "err:broken.example: .*late.example: timeout")
                host.logged(r"\[WARN\] .*late\.example is not asked until it is well: it does not answer")
                took, wire = seconds(lambda: Wire(host.port))
                wire.close()
                self.assertLess(took, 0.4)

    def test_gone(self):
        """dns-list: a client that leaves while lists are asked does no harm, and no list is blamed"""
        records = healthy("slow.example")
        with NameServer(records) as names:
            names.mode(reverse(IP, "slow.example"), "silent")
            with self.server(names, zones("slow.example", more="timeout=0.4\n")) as host:
                self.ready(names, "slow.example")
                for count in range(1, 4):
                    wire = Wire(host.port, banner=False)
                    until("the client", lambda count=count: sum("] connect ip=" in line for line in list(host.lines)) >= count)
                    until("the question", lambda: names.count(reverse(IP, "slow.example")))
                    wire.abort()
                with Wire(host.port) as wire:
                    self.assertEqual(wire.banner[:3], b"220")
                # Three times silent, and it would not be asked any more.
                self.assertIsNone(host.found(r"\[(WARN|CRIT)\]"))

    def test_health(self):
        """dns-list: lists that are not well are not asked, and asked again when they are"""
        records = healthy("good.example", "mad.example", "strange.example", "loop.example", "zen.spamhaus.org")
        records[reverse("127.0.0.1", "mad.example")] = {"A": "127.0.0.2"}
        records[reverse("127.0.0.1", "loop.example")] = {"A": "127.0.0.1"}
        records[reverse("127.0.0.2", "strange.example")] = {"A": "192.0.2.1"}
        records[reverse("127.0.0.2", "zen.spamhaus.org")] = {"A": "127.255.255.254"}
        lists = ("good.example", "empty.example", "mad.example", "strange.example", "zen.spamhaus.org")
        for name in lists:
            records[reverse(IP, name)] = {"A": "127.0.0.2"}
        records[reverse("1.2.3.5", "good.example")] = {"A": "10.1.1.1"}
        records[reverse("1.2.3.5", "empty.example")] = {"A": "127.0.0.2"}
        ini = zones(*lists, "loop.example", more="[loop.example]\nloopback_is_rejected=true\n")

        def banner():
            with Wire(host.port) as wire:
                return wire.banner
        addresses = (IP, IP, "1.2.3.5")
        with NameServer(records, ttl=0, negative_ttl=0) as names, self.server(names, ini, addresses) as host:
            for name, why in (("empty.example", "does not list 127.0.0.2"), ("mad.example", "lists 127.0.0.1"),
                              ("strange.example", "answers 192.0.2.1, not 127.0.0.0/8"),
                              ("zen.spamhaus.org", "answers 127.255.255.254: it does not answer this resolver")):
                host.logged(rf"\[WARN\] .*\] {name} is not asked until it is well: it {why}")
            self.assertEqual(banner(), b"554 host [1.2.3.4] is listed on good.example\r\n")
            self.assertIsNone(host.found("loop.example is not asked"))
            names.set(reverse("127.0.0.2", "empty.example"), "A", "127.0.0.2")
            host.configure("dns-list.ini", ini + "; looked at again\n")
            host.logged(r"\[NOTICE\] .*empty\.example is asked again")
            self.assertEqual(banner(), b"554 host [1.2.3.4] is listed on good.example, empty.example\r\n")
            self.assertEqual(banner(), b"554 host [1.2.3.5] is listed on empty.example\r\n")
            host.logged(r"\[WARN\] .*good\.example is not asked until it is well: it answers 10\.1\.1\.1, not")

    def test_backscatterer(self):
        """dns-list: hosts that send bounces of what they should have refused are asked for with bounces only"""
        name = "ips.backscatterer.org"
        records = {**healthy(name), reverse(IP, name): {"A": "127.0.0.2"}, reverse(IP): {"PTR": "mx.example.com"}}
        refused = b"550 Host mx.example.com [1.2.3.4] is listed by ips.backscatterer.org\r\n"
        with NameServer(records) as names, self.server(names, zones(name)) as host:
            self.ready(names, name)
            with Wire(host.port) as wire:
                wire.say(EHLO)
                self.assertEqual(names.count(reverse(IP, name)), 0)
                for sender, said in ((b"<a@example.org>", b"250"), (b"<>", refused), (b"<Postmaster@example.org>", refused)):
                    self.assertEqual(wire.say(b"MAIL FROM:%s\r\n" % sender)[:len(said)], said)
                    wire.say(b"RSET\r\n")

    def test_changes(self):
        """dns-list: the file changes at once; one with a mistake changes nothing"""
        def banner():
            with Wire(host.port) as wire:
                return wire.banner[:3]
        records = {**healthy("one.example", "two.example"), reverse(IP, "two.example"): {"A": "127.0.0.2"}}
        with NameServer(records) as names, self.server(names, zones("one.example")) as host:
            self.assertEqual(banner(), b"220")
            host.configure("dns-list.ini", zones("two.example", more="search=some\n"))
            host.logged(r"\[ERROR\] .*dns-list\.ini: all stays as it was: \[main\] search is neither first nor all")
            self.assertEqual(banner(), b"220")
            host.configure("dns-list.ini", zones("two.example", more="[stats]\nenable=true\n"))
            until("the new list", lambda: banner() == b"554")
            host.logged(r"\[WARN\] .*\[stats\] is without effect")

"""limit through its real shared object: exact replies, who counts together, and what a change does. Its README.md."""
from inline import hooked, server_with
from server import until
from test_bundled import MAIL, RCPT, Bundled
from wire import EHLO, Wire, seconds
from workers import Nodes

NOW = "tarpit_delay=0\n"
QUICKLY = {"plugins.ini": "watch_settle=0.1\n", "log.ini": "level=info\n"}


def comes_from(address, name=""):
    """C code of hooks by which the clients of a server come from somewhere else."""
    set_address = (f'haraka_value v = haraka_text_value(haraka_text("{address}")); (void)haraka_connection_set('
                   "call->connection, HARAKA_CONN_REMOTE_IP, &v); return HARAKA_CONT;")
    named = f'return haraka_answer(call, HARAKA_OK, "{name}");' if name else "return HARAKA_CONT;"
    return {"connect_init": set_address, "lookup_rdns": named}


class Limit(Bundled):
    def limiting(self, ini, address="93.184.216.34", name="", **hooks):
        code = {**comes_from(address, name), **hooks}
        return server_with(self.scratch, ["mine", "limit", "rcpt_to.in_host_list", "queue/maildir"], {"mine": hooked(**code)},
                           {"limit.ini": ini, **QUICKLY})

    def refused(self, server, text):
        """The client is sent away instead of a banner."""
        with Wire(server.port) as client:
            self.assertEqual(client.banner, b"421 %s\r\n" % text)
            self.assertEqual(client.rest(), b"")

    def test_off(self):
        """limit: does nothing until a section is enabled"""
        with self.limiting(NOW) as server:
            for _ in range(12):
                with Wire(server.port) as client:
                    self.begin(client, MAIL, RCPT)
                    for _ in range(12):
                        self.assertEqual(client.say(b"XYZ\r\n"), b"500 Unrecognized command\r\n")
                        self.assertEqual(client.say(b"DATA x\r\n"), b"501 Syntax error\r\n")

    def test_concurrency(self):
        """limit: one connection too many is refused; when one ends, the next is let in"""
        with self.limiting(NOW + "[concurrency]\nenabled=true\nmax=2\n") as server:
            with Wire(server.port) as first, Wire(server.port) as second:
                self.assertEqual((first.banner[:4], second.banner[:4]), (b"220 ", b"220 "))
                self.refused(server, b"Too many concurrent connections")
                first.close()

                def let_in():
                    with Wire(server.port) as client:
                        return client.banner[:4] == b"220 "
                until("the third is let in", let_in)
            server.logged(r"concurrency: 3, limit 2: Too many concurrent connections")

    def test_workers(self):
        """limit: each worker counts for itself, as its README says"""
        config = {"limit.ini": NOW + "[concurrency]\nenabled=true\nmax=1\n"}
        with Nodes(["limit"], config=config) as server:
            with server.pair():
                for _ in range(10):
                    self.refused(server, b"Too many concurrent connections")

            def let_in():
                with server.client() as client:
                    return client.banner[:4] == b"220 "
            until("a client is let in again", let_in)

    def test_history(self):
        """limit: a plugin that remembers the client gives it another limit"""
        history = """haraka_value v = haraka_integer(-1);
            (void)haraka_table->result_add(call->self, haraka_of_connection(call->connection), haraka_text("history"), &v, 0);
            return HARAKA_CONT;"""
        ini = NOW + "[concurrency]\nenabled=true\n[concurrency_history]\nenabled=true\nplugin={}\nbad=1\nnone=2\n"
        for plugin, room in (("mine", 1), ("karma", 2)):
            with self.limiting(ini.format(plugin), lookup_rdns=history) as server:
                clients = [Wire(server.port) for _ in range(room)]
                self.refused(server, b"Too many concurrent connections")
                for client in clients:
                    self.assertEqual(client.banner[:4], b"220 ")
                    client.close()

    def test_connection_rate(self):
        """limit: too many connections in a while are refused; clients with a key of 0 never"""
        text = b"connection rate limit exceeded"
        with self.limiting(NOW + "[rate_conn]\nenabled=true\ndefault=2/1h\n") as server:
            for _ in range(2):
                with Wire(server.port) as client:
                    self.assertEqual(client.banner[:4], b"220 ")
            self.refused(server, text)
            self.refused(server, text)
        for address, name in (("127.0.0.9", ""), ("::1", ""), ("93.184.216.34", "mx.Free.example")):
            ini = NOW + "[rate_conn]\nenabled=true\nfree.example=0\ndefault=1/1h\n"
            with self.limiting(ini, address, name) as server:
                for _ in range(3):
                    with Wire(server.port) as client:
                        self.assertEqual(client.banner[:4], b"220 ", address)

    def test_connections_that_others_refuse(self):
        """limit: a connection that another plugin refuses is counted, too"""
        once = "static int seen; return seen++ ? HARAKA_CONT : haraka_answer(call, HARAKA_DENYDISCONNECT, \"not you\");"
        with self.limiting(NOW + "[rate_conn]\nenabled=true\ndefault=1/1h\n", connect=once) as server:
            with Wire(server.port) as client:
                self.assertEqual(client.banner, b"554 not you\r\n")
            self.refused(server, b"connection rate limit exceeded")

    def test_errors(self):
        """limit: a client with too many errors is sent away at its next command"""
        for command, reply in ((b"EHLO x\r\n", b"421 "), (MAIL, b"421 "), (b"NOOP\r\n", b"250 ")):
            with self.limiting(NOW + "[errors]\nenabled=true\nmax=2\n") as server, Wire(server.port) as client:
                self.begin(client)
                for _ in range(3):
                    self.assertEqual(client.say(b"DATA\r\n"), b"503 MAIL required first\r\n")
                said = client.say(command)
                if reply == b"250 ":
                    self.assertEqual(said[:4], reply)
                else:
                    self.assertRegex(said, rb"\A4\d\d Too many errors\r\n\Z")
                    self.assertEqual(client.rest(), b"")

    def test_unrecognized_commands(self):
        """limit: a client with too many commands that nobody knows is sent away; those of plugins before do not count"""
        known = """if (!haraka_equal(haraka_argument_text(call, 0), haraka_text("KNOWN"))) return HARAKA_CONT;
            haraka_str line = haraka_text("known"); haraka_reply r = haraka_no_reply(); r.lines = &line; r.line_count = 1;
            (void)haraka_table->respond(call->connection, 250, &r); return HARAKA_OK;"""
        server = self.limiting(NOW + "[unrecognized_commands]\nenabled=true\nmax=2\n", unrecognized_command=known)
        with server, Wire(server.port) as client:
            for _ in range(2):
                self.assertEqual(client.say(b"AUTH secret\r\n"), b"500 Unrecognized command\r\n")
                self.assertEqual(client.say(b"KNOWN\r\n"), b"250 known\r\n")
            self.assertEqual(client.say(b"XYZ\r\n"), b"421 Too many unrecognized commands\r\n")
            self.assertEqual(client.rest(), b"")

    def test_recipients(self):
        """limit: the recipients of a connection are counted, refused ones too; who may relay has a number of his own"""
        ini = NOW + "[recipients]\nenabled=true\nmax=2\nmax_relaying=3\n"
        with self.limiting(ini) as server, Wire(server.port) as client:
            self.begin(client, MAIL, RCPT)
            self.assertEqual(client.say(b"RCPT TO:<c@elsewhere.example>\r\n")[:4], b"550 ")
            self.assertEqual(client.say(RCPT), b"450 Too many recipient attempts\r\n")
            client.say(b"RSET\r\n")
            self.begin(client, MAIL)
            self.assertEqual(client.say(RCPT), b"450 Too many recipient attempts\r\n")
        relays = "(void)haraka_set_relaying(call->connection, 1); return HARAKA_CONT;"
        with self.limiting(ini, connect=relays) as server, Wire(server.port) as client:
            self.begin(client, MAIL, RCPT, RCPT, RCPT)
            self.assertEqual(client.say(RCPT), b"450 Too many recipient attempts\r\n")

    def test_recipient_rates(self):
        """limit: the rates of host, sender, recipient and bounces, each with its words and its keys"""
        null = b"MAIL FROM:<>\r\n"
        other = b"RCPT TO:<c@example.com>\r\n"
        for section, sender, free, text in (
                ("rate_rcpt_host]\ndefault=1", MAIL, None, b"recipient rate limit exceeded"),
                ("rate_rcpt_sender]\ndefault=1", MAIL, null, b"rcpt rate limit exceeded"),
                ("rate_rcpt_sender]\norg=1", MAIL, b"MAIL FROM:<a@example.net>\r\n", b"rcpt rate limit exceeded"),
                ("rate_rcpt]\ndefault=1", MAIL, None, b"rate limit exceeded"),
                ("rate_rcpt]\nB@example.com=1", null, None, b"rate limit exceeded"),
                ("rate_rcpt_null]\ndefault=1", null, MAIL, b"null recip rate limit")):
            with self.limiting(f"{NOW}[{section}\nenabled=true\n") as server, Wire(server.port) as client:
                self.begin(client, sender, RCPT)
                self.assertEqual(client.say(RCPT), b"450 %s\r\n" % text, section)
                if section.startswith(("rate_rcpt]", "rate_rcpt_null]")):
                    self.assertEqual(client.say(other)[:4], b"250 ", section)
                if free:
                    self.begin(client, b"RSET\r\n", free, RCPT, RCPT)

    def test_host_rate_at_connect(self):
        """limit: a client that tried too many recipients is turned away when it comes again"""
        with self.limiting(NOW + "[rate_rcpt_host]\nenabled=true\ndefault=1/1h\n") as server:
            with Wire(server.port) as client:
                self.begin(client, MAIL, RCPT)
                self.assertEqual(client.say(RCPT), b"450 recipient rate limit exceeded\r\n")
            with Wire(server.port) as client:
                self.assertEqual(client.banner, b"421 recipient rate limit exceeded\r\n")
                self.assertEqual(client.say(EHLO), b"421 recipient rate limit exceeded\r\n")

    def test_tarpit(self):
        """limit: a refusal comes after tarpit_delay seconds, and before the server's own time limit"""
        for delay, shortest in ((1, 0.9), (30, 1.0)):
            ini = f"tarpit_delay={delay}\n[recipients]\nenabled=true\nmax=1\n"
            server = self.limiting(ini)
            server.configure("limit.timeout", "2\n")
            with server, Wire(server.port) as client:
                self.begin(client, MAIL, RCPT)
                took, said = seconds(lambda: client.say(RCPT))
                self.assertEqual(said, b"450 Too many recipient attempts\r\n")
                self.assertGreaterEqual(took, shortest)
                self.assertLess(took, 2)

    def test_client_that_leaves_while_it_waits(self):
        """limit: a client that leaves in its tarpit is forgotten, and no longer counted"""
        with self.limiting("tarpit_delay=20\n[concurrency]\nenabled=true\nmax=1\n") as server:
            with Wire(server.port):
                waiting = Wire(server.port, banner=False)
                server.logged("concurrency: 2, limit 1")
                waiting.abort()

            def let_in():
                with Wire(server.port, banner=False) as client:
                    client.socket.settimeout(1)
                    try:
                        return client.reply()[:4] == b"220 "
                    except TimeoutError:
                        return False
            until("the next one is let in", let_in)
            self.assertEqual(server.stop(), 0)

    def test_changes(self):
        """limit: a change holds from the next command on; one with a mistake changes nothing and is named"""
        with self.limiting(NOW) as server, Wire(server.port) as client:
            self.begin(client, MAIL, RCPT, RCPT)
            server.configure("limit.ini", NOW + "[recipients]\nenabled=true\nmax=2\n")
            server.logged(r"\[limit\] limit.ini has changed")
            self.assertEqual(client.say(RCPT), b"450 Too many recipient attempts\r\n")
            server.configure("limit.ini", NOW + "[recipients]\nenabled=true\nmax=20\n[rate_rcpt]\ndefault=5/x\n")
            server.logged(r"\[ERROR\] .*limit.ini: all stays as it was: \[rate_rcpt\] default: expected N or N/T")
            self.assertEqual(client.say(RCPT), b"450 Too many recipient attempts\r\n")

    def test_mistake_at_the_start(self):
        """limit: with a mistake in its file the server does not start"""
        server = self.limiting("[errors]\nmax=ten\n")
        self.addCleanup(server.abandon)
        with self.assertRaisesRegex(AssertionError, r"not registered: \[errors\] max: expected a number"):
            server.start()

    def test_results(self):
        """limit: other plugins can read what was exceeded, and which commands nobody knew"""
        show = """haraka_str shown;
            (void)haraka_table->result_collate(haraka_of_connection(call->connection), haraka_text("limit"), &shown);
            return haraka_answer_text(call, HARAKA_DENY, shown);"""
        server = self.limiting(NOW + "[unrecognized_commands]\nenabled=true\nmax=1\n", deny=show, vrfy=show)
        with server, Wire(server.port) as client:
            client.say(b"AUTH secret\r\n")
            self.assertEqual(client.say(b"VRFY x\r\n"), b"550 unrec_cmds: AUTH\r\n")

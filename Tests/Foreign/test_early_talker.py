"""early_talker through its real shared object: who waits, who is turned away, and when. Its README.md."""
from inline import hooked, server_with
from test_bundled import MAIL, RCPT, Bundled
from test_limit import QUICKLY, comes_from
from wire import EHLO, QUEUED, Wire, seconds

TOO_SOON = b"554 You talk too soon\r\n"
STRANGER = "93.184.216.34"
PLUGINS = ["mine", "early_talker", "rcpt_to.in_host_list", "queue/maildir"]


class EarlyTalker(Bundled):
    def waiting(self, ini, address=STRANGER, **hooks):
        code = {**comes_from(address), **hooks}
        return server_with(self.scratch, PLUGINS, {"mine": hooked(**code)}, {"early_talker.ini": ini, **QUICKLY})

    def test_before_the_banner(self):
        """early_talker: who talks before the banner gets 554 in its place, and the end of the connection"""
        with self.waiting("pause=0.5\n") as server, Wire(server.port, banner=False) as client:
            client.send(EHLO)
            took, said = seconds(client.reply)
            self.assertEqual(said, TOO_SOON)
            self.assertGreaterEqual(took, 0.4)
            self.assertEqual(client.rest(), b"")

    def test_patient(self):
        """early_talker: who waits is let in after the pause, and after another one at DATA"""
        with self.waiting("pause=0.5\n") as server:
            took, client = seconds(lambda: Wire(server.port))
            with client:
                self.assertEqual(client.banner[:4], b"220 ")
                self.assertGreaterEqual(took, 0.4)
                self.begin(client, MAIL, RCPT)
                took, said = seconds(lambda: client.say(b"DATA\r\n"))
                self.assertEqual(said[:4], b"354 ")
                self.assertGreaterEqual(took, 0.4)
                self.assertRegex(client.say(b"Subject: x\r\n\r\ny\r\n.\r\n"), QUEUED)

    def test_message_with_data(self):
        """early_talker: who sends the message together with DATA gets 554, without a further wait"""
        with self.waiting("pause=1\n") as server, Wire(server.port) as client:
            self.begin(client, MAIL, RCPT)
            client.send(b"DATA\r\nSubject: x\r\n\r\ny\r\n.\r\n")
            took, said = seconds(client.reply)
            self.assertEqual(said, TOO_SOON)
            self.assertLess(took, 0.8)
            self.assertEqual(client.rest(), b"")

    def test_message_before_354(self):
        """early_talker: who sends the message while the answer to DATA is still to come gets 554"""
        asked = 'haraka_log(call->self, HARAKA_LOG_INFO, haraka_of_server(), "DATA is here"); return HARAKA_CONT;'
        with self.waiting("pause=0.8\n", data=asked) as server, Wire(server.port) as client:
            self.begin(client, MAIL, RCPT)
            client.send(b"DATA\r\n")
            server.logged("DATA is here")
            client.send(b"Subject: x\r\n\r\ny\r\n.\r\n")
            self.assertEqual(client.reply(), TOO_SOON)
            self.assertEqual(client.rest(), b"")

    def test_pipelining(self):
        """early_talker: commands that may be sent together are no early talk"""
        with self.waiting("pause=0.2\n") as server, Wire(server.port) as client:
            self.begin(client)
            client.send(MAIL + RCPT + b"DATA\r\n")
            self.assertEqual([client.reply()[:4] for _ in range(3)], [b"250 ", b"250 ", b"354 "])
            self.assertRegex(client.say(b"Subject: x\r\n\r\ny\r\n.\r\n"), QUEUED)

    def test_only_noted(self):
        """early_talker: with reject=false it is only noted"""
        show = """haraka_str shown;
            (void)haraka_table->result_collate(haraka_of_connection(call->connection), haraka_text("early_talker"), &shown);
            return haraka_answer_text(call, HARAKA_DENY, shown);"""
        with self.waiting("pause=0.2\nreject=false\n", vrfy=show) as server:
            with Wire(server.port, banner=False) as client:
                client.send(EHLO)
                self.assertEqual((client.reply()[:4], client.reply()[:4]), (b"220 ", b"250-"))
                self.assertEqual(client.say(b"VRFY x\r\n"), b"550 fail:early\r\n")
            with Wire(server.port) as client:
                self.assertEqual(client.say(b"VRFY x\r\n"), b"550 pass:early\r\n")

    def test_exempt(self):
        """early_talker: local, private, listed, relaying and well-known clients neither wait nor are turned away"""
        for ini, address in (
                ("pause=20\n", "127.0.0.1"), ("pause=20\n", "10.1.2.3"), ("pause=0\n", STRANGER),
                ("pause=20\n[ip_whitelist]\n93.184.0.0/16\n", STRANGER),
                ("pause=20\n[ip_whitelist]\n2001:db9::/32\n", "2001:db9::7")):
            with self.waiting(ini, address) as server, Wire(server.port, banner=False) as client:
                client.send(EHLO)
                self.assertEqual((client.reply()[:4], client.reply()[:4]), (b"220 ", b"250-"), ini + address)
        known = ('{ haraka_value v = haraka_text_value(haraka_text("joe")); '
                 '(void)haraka_note_set(haraka_of_connection(call->connection), "auth_user", &v); }')
        for exempt in ("(void)haraka_set_relaying(call->connection, 1);", known):
            hook = comes_from(STRANGER)["connect_init"].replace("return", exempt + " return")
            with self.waiting("pause=20\n", connect_init=hook) as server, Wire(server.port) as client:
                self.assertEqual(client.banner[:4], b"220 ", exempt)

    def test_client_that_leaves(self):
        """early_talker: a client that leaves while it waits is forgotten"""
        with self.waiting("pause=100\n") as server:
            Wire(server.port, banner=False).abort()
            with Wire(server.port, banner=False) as client:
                client.half_close()
                self.assertEqual(server.stop(), 0)

    def test_changes(self):
        """early_talker: a change holds for the next client; one with a mistake changes nothing and is named"""
        with self.waiting("pause=100\n") as server:
            server.configure("early_talker.ini", "pause=0\n")
            server.logged(r"\[early_talker\] early_talker.ini has changed")
            with Wire(server.port) as client:
                self.assertEqual(client.banner[:4], b"220 ")
            server.configure("early_talker.ini", "pause=100\n[ip_whitelist]\nexample.com\n")
            server.logged(r"\[ERROR\] .*early_talker.ini: all stays as it was: \[ip_whitelist\] example.com: no address")
            with Wire(server.port) as client:
                self.assertEqual(client.banner[:4], b"220 ")

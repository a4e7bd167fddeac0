"""The dialogue byte for byte: each command, and each refusal that the core makes by itself. docs/hooks.md."""
import subprocess

from server import HARAKA, ForeignTest, Server
from wire import EHLO, GOODBYE, QUEUED, Wire, exchange, replies, summaries

MAIL = b"MAIL FROM:<a@example.org>\r\n"
RCPT = b"RCPT TO:<b@example.com>\r\n"
PARSING = b"501-Command parsing failed\r\n501 "


def version():
    shown = subprocess.run([HARAKA, "-v"], capture_output=True, text=True, check=True)
    return shown.stdout.strip().rsplit(" ", 1)[1]


class Dialogue(ForeignTest):
    """Each test has a server of its own, configured as it says."""

    def script(self, client, *lines):
        """(what the client says, exactly what it is told), one after the other."""
        for sent, expected in lines:
            self.assertEqual(client.say(sent), expected, sent)

    def test_banner(self):
        """dialogue: the banner names the server, its version and six characters of the uuid"""
        with Server() as server, Wire(server.port) as client:
            self.assertRegex(client.banner, rb"\A220 mx\.example\.com ESMTP Haraka/%s ready \([0-9A-F]{6}\)\r\n\Z"
                             % version().replace(".", r"\.").encode())
            self.assertEqual(client.say(b"QUIT\r\n"), GOODBYE)
            self.assertEqual(client.rest(), b"")
            summaries(server)
            (line,) = [line for line in server.lines if "disconnect ip=" in line]
            self.assertEqual(line.split("[")[2][:6].encode(), client.banner[-9:-3])

    def test_hello(self):
        """dialogue: HELO gets one line, EHLO the extensions"""
        with Server(config={"connection.ini": "[max]\nbytes=1000\n"}) as server, Wire(server.port) as client:
            hello = rb"mx\.example\.com Hello (\S+ )?\[127\.0\.0\.1\], Haraka is at your service\.\r\n"
            self.assertRegex(client.say(b"HELO client.example.org\r\n"), rb"\A250 " + hello + rb"\Z")
            self.assertRegex(client.say(EHLO), rb"\A250-" + hello
                             + rb"250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 1000\r\n\Z")
            self.script(client,
                        (b"HELO\r\n", b"501 HELO requires domain/address - see RFC-2821 4.1.1.1\r\n"),
                        (b"EHLO \r\n", b"501 EHLO requires domain/address - see RFC-2821 4.1.1.1\r\n"))

    def test_commands_of_one_answer(self):
        """dialogue: HELP, VRFY, NOOP, RSET, unknown words, and arguments where none belong"""
        with Server() as server, Wire(server.port) as client:
            self.script(client,
                        (b"HELP\r\n", b"250 Not implemented\r\n"),
                        (b"help me\r\n", b"250 Not implemented\r\n"),
                        (b"VRFY b\r\n", b"252 Just try sending a mail and we'll see how it turns out...\r\n"),
                        (b"NOOP\r\n", b"250 OK\r\n"),
                        (b"nOOp anything\r\n", b"250 OK\r\n"),
                        (b"RSET\r\n", b"250 OK\r\n"),
                        (b"RSET now\r\n", b"501 Syntax error\r\n"),
                        (b"QUIT now\r\n", b"501 Syntax error\r\n"),
                        (b"STARTTLS\r\n", b"500 Unrecognized command\r\n"),
                        (b"\r\n", b"500 Unrecognized command\r\n"),
                        (b"INTERNALCMD flushQueue\r\n", b"500 Unrecognized command\r\n"),
                        (b"quit\r\n", GOODBYE))
            self.assertEqual(client.rest(), b"")
            self.assertEqual(summaries(server)[0]["errors"], "3")

    def test_order(self):
        """dialogue: a command that comes too soon gets 503 and counts as an error"""
        with Server() as server:
            with Wire(server.port) as client:
                self.script(client, (MAIL, b"503 Use EHLO/HELO before MAIL\r\n"))
                client.say(EHLO)
                self.script(client,
                            (RCPT, b"503 Use MAIL before RCPT\r\n"),
                            (b"DATA\r\n", b"503 MAIL required first\r\n"),
                            (MAIL, b"250 sender <a@example.org> OK\r\n"),
                            (b"DATA\r\n", b"503 RCPT required first\r\n"),
                            (RCPT, b"250 recipient <b@example.com> OK\r\n"),
                            (b"DATA now\r\n", b"501 Syntax error\r\n"),
                            (b"RSET\r\n", b"250 OK\r\n"),
                            (RCPT, b"503 Use MAIL before RCPT\r\n"))
            (summary,) = summaries(server)
            self.assertEqual((summary["errors"], summary["txns"]), ("6", "1"))

    def test_paths(self):
        """dialogue: what is no path gets 501 in two lines, what is no address gets 501 in one"""
        wrong = [b"MAIL FROM:<a b@example.org>", b"MAIL FROM:<a@example.org.>", b"MAIL FROM:<a@exam_ple.org>",
                 b"MAIL FROM:<a@-example.org>", b"MAIL FROM:<.a@example.org>", b"MAIL FROM:<a..b@example.org>",
                 b"MAIL FROM:<a@[300.1.1.1]>", b"MAIL FROM:<%s@example.org>" % (b"a" * 65),
                 b"MAIL FROM:<a@%s.org>" % (b"e" * 64)]
        with Server() as server, Wire(server.port) as client:
            client.say(EHLO)
            for line in wrong:
                first = client.say(line + b"\r\n").split(b"\r\n")[0]
                self.assertIn(first, (b"501 Invalid MAIL FROM address", b"501-Command parsing failed"), line)
            self.assertEqual(client.say(b"MAIL\r\n")[:len(PARSING)], PARSING)
            self.script(client, (b"MAIL FROM:<>\r\n", b"250 sender <> OK\r\n"),
                        (b"RCPT TO:<b@>\r\n", b"501 Invalid RCPT TO address\r\n"))
            self.assertEqual(client.say(b"RCPT TO:<nobody>\r\n")[:len(PARSING)], PARSING)
            self.script(client,
                        (b'RCPT TO:<"b,b"@Example.COM>\r\n', b'250 recipient <"b,b"@Example.COM> OK\r\n'),
                        (b"RCPT TO:<@hop.example,@x.example:b@example.com>\r\n",
                         b"250 recipient <b@example.com> OK\r\n"),
                        (b"RCPT TO:<c@elsewhere.example>\r\n",
                         b"550 I cannot deliver mail for <c@elsewhere.example>\r\n"))

    def test_parameters(self):
        """dialogue: parameters are for EHLO only; SIZE is checked"""
        with Server(config={"connection.ini": "[max]\nbytes=1000\n"}) as server, Wire(server.port) as client:
            client.say(b"HELO client.example.org\r\n")
            self.script(client, (b"MAIL FROM:<a@example.org> BODY=8BITMIME\r\n", b"555 Invalid command parameters\r\n"),
                        (MAIL, b"250 sender <a@example.org> OK\r\n"),
                        (b"RCPT TO:<b@example.com> NOTIFY=NEVER\r\n", b"555 Invalid command parameters\r\n"))
            client.say(EHLO)
            mail = b"MAIL FROM:<a@example.org> SIZE="
            self.script(client,
                        (mail + b"1001\r\n", b"550 Message too big!\r\n"),
                        (mail + b"99999999999999999999999999\r\n", b"550 Message too big!\r\n"),
                        (mail + b"lots\r\n", b"501 Invalid SIZE parameter\r\n"),
                        (mail + b"-1\r\n", b"501 Invalid SIZE parameter\r\n"),
                        (mail + b"1000 BODY=8BITMIME SMTPUTF8\r\n", b"250 sender <a@example.org> OK\r\n"))

    def test_eight_bits(self):
        """dialogue: bytes beyond ASCII in a command are refused after HELO, not after EHLO"""
        with Server() as server, Wire(server.port) as client:
            client.say(b"HELO client.example.org\r\n")
            self.script(client, (b"MAIL FROM:<j\xc3\xbcrgen@example.org>\r\n",
                                 b"501 Syntax error (8-bit characters not allowed)\r\n"))
            client.say(EHLO)
            self.script(client, (b"MAIL FROM:<j\xc3\xbcrgen@example.org> SMTPUTF8\r\n",
                                 b"250 sender <j\xc3\xbcrgen@example.org> OK\r\n"))

    def test_line_length(self):
        """dialogue: a line of 512 bytes is taken, one of 513 gets 521 and the end"""
        with Server() as server:
            with Wire(server.port) as client:
                self.assertEqual(client.say(b"NOOP " + b"x" * 505 + b"\r\n"), b"250 OK\r\n")
                self.assertEqual(client.say(b"NOOP " + b"x" * 506 + b"\r\n"), b"521 Command line too long\r\n")
                self.assertEqual(client.rest(), b"")
            with Wire(server.port) as endless:
                endless.send(b"x" * 513)
                self.assertEqual(endless.rest(), b"521 Command line too long\r\n")

    def test_line_length_is_configured(self):
        """dialogue: max.line_length moves the limit"""
        with Server(config={"connection.ini": "[max]\nline_length=600\n"}) as server, Wire(server.port) as client:
            self.assertEqual(client.say(b"NOOP " + b"x" * 593 + b"\r\n"), b"250 OK\r\n")
            self.assertEqual(client.say(b"NOOP " + b"x" * 594 + b"\r\n"), b"521 Command line too long\r\n")

    def test_recipients(self):
        """dialogue: beyond max.recipients each recipient gets 452, the others their mail"""
        with Server(config={"connection.ini": "[max]\nrecipients=2\n"}) as server, Wire(server.port) as client:
            client.say(EHLO)
            client.say(MAIL)
            codes = [client.say(b"RCPT TO:<b%d@example.com>\r\n" % number) for number in range(4)]
            self.assertEqual(codes, [b"250 recipient <b0@example.com> OK\r\n", b"250 recipient <b1@example.com> OK\r\n",
                                     b"452 Too many recipients\r\n", b"452 Too many recipients\r\n"])
            self.assertEqual(client.say(b"DATA\r\n")[:4], b"354 ")
            self.assertRegex(client.say(b"Subject: x\r\n\r\ny\r\n.\r\n"), QUEUED)
            self.assertEqual(len(server.stored()), 2)

    def test_no_valid_recipients(self):
        """dialogue: DATA in one packet with recipients that are all refused gets 554 or 503, never 354"""
        with Server() as server:
            said = exchange(server, EHLO + MAIL + b"RCPT TO:<c@elsewhere.example>\r\nDATA\r\nQUIT\r\n")
            self.assertIn(replies(said), ([220, 250, 250, 550, 554, 221], [220, 250, 250, 550, 503, 221]))

    def test_idle(self):
        """dialogue: a client that says nothing gets 421 timeout, in a message too, and nothing is stored"""
        with Server(config={"smtp.ini": "listen=127.0.0.1:0\nnodes=0\ninactivity_timeout=1\n"}) as server:
            with Wire(server.port) as silent, Wire(server.port) as slow:
                slow.envelope()
                slow.send(b"Subject: x\r\n")
                self.assertEqual(silent.rest(), b"421 timeout\r\n")
                self.assertEqual(slow.rest(), b"421 timeout\r\n")
            self.assertEqual([line["lr"] for line in summaries(server, 2)], ["421 timeout"] * 2)
            self.assertEqual(server.stored(), [])

    def test_words_of_its_own(self):
        """dialogue: message.greeting, message.helo, message.close and uuid.banner_chars change the words"""
        words = "[message]\ngreeting[]=mail ESMTP\ngreeting[]=no spam\nhelo=Hi.\nclose=bye\n[uuid]\nbanner_chars=4\n"
        with Server(config={"connection.ini": words}) as server, Wire(server.port) as client:
            greeting = rb"\A220-mx\.example\.com ESMTP mail ESMTP \([0-9A-F]{4}\)\r\n220 no spam\r\n\Z"
            self.assertRegex(client.banner, greeting)
            hello = rb"\A250 mx\.example\.com Hello (\S+ )?\[127\.0\.0\.1\], Hi\.\r\n\Z"
            self.assertRegex(client.say(b"HELO x\r\n"), hello)
            self.assertEqual(client.say(b"QUIT\r\n"), b"221 mx.example.com bye\r\n")

    def test_no_version(self):
        """dialogue: without show_version neither banner nor Received say it"""
        quiet = "[headers]\nshow_version=false\n[uuid]\nbanner_chars=0\n"
        with Server(config={"connection.ini": quiet}) as server, Wire(server.port) as client:
            self.assertEqual(client.banner, b"220 mx.example.com ESMTP Haraka ready\r\n")
            self.assertRegex(client.envelope(b"Subject: x\r\n\r\ny\r\n.\r\n"), QUEUED)
            (stored,) = server.messages()
            self.assertIn(b"(Haraka)", stored)
            self.assertNotIn(version().encode(), stored)

    def test_mark_of_refusals(self):
        """dialogue: uuid.deny_chars marks each line of each refusal, and nothing else"""
        with Server(config={"connection.ini": "[uuid]\ndeny_chars=6\n"}) as server, Wire(server.port) as client:
            mark = rb"\[%s@mx\] " % client.banner[-9:-3]
            self.assertEqual(client.say(b"NOOP\r\n"), b"250 OK\r\n")
            self.assertRegex(client.say(b"BLAH\r\n"), rb"\A500 %sUnrecognized command\r\n\Z" % mark)
            client.say(EHLO)
            self.assertRegex(client.say(b"MAIL\r\n"),
                             rb"\A501-%sCommand parsing failed\r\n501 %s[^\r\n]+\r\n\Z" % (mark, mark))

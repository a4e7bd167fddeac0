"""How the bytes come, and from where: single, all at once, half-closed, over IPv6 and unix sockets."""
import os
import socket
import stat

from server import ForeignTest, Server
from wire import EHLO, ENVELOPE, GOODBYE, QUEUED, Listener, Wire, exchange, replies, summaries

MESSAGE = b"DATA\r\nSubject: x\r\n\r\ny\r\n.\r\n"
ALL = [220, 250, 250, 250, 354, 250]
BARE = b"500 Bare CR or LF in a command; lines end with CR LF\r\n"


def policy(word):
    return {"connection.ini": f"[main]\nbare_newline={word}\n"}


class Pieces(ForeignTest):
    def test_byte_by_byte(self):
        """wire: a dialogue that comes one byte at a time is answered as any other"""
        with Server() as server, Wire(server.port, banner=False) as client:
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in EHLO + ENVELOPE + MESSAGE + b"QUIT\r\n":
                client.send(bytes((byte,)))
            self.assertEqual(replies(client.rest()), [*ALL, 221])
            self.assertEqual(len(server.stored()), 1)

    def test_all_at_once(self):
        """wire: two messages in one packet get all their replies in order"""
        with Server() as server:
            said = exchange(server, EHLO + 2 * (ENVELOPE + MESSAGE) + b"QUIT\r\n", half_close=False)
            self.assertEqual(replies(said), [*ALL, *ALL[2:], 221])
            self.assertEqual(len(server.stored()), 2)
            self.assertEqual(summaries(server)[0]["txns"], "2")

    def test_half_closed_after_quit(self):
        """wire: a client that closes its side after QUIT gets every reply"""
        with Server() as server:
            self.assertEqual(replies(exchange(server, EHLO + ENVELOPE + MESSAGE + b"QUIT\r\n")), [*ALL, 221])
            self.assertEqual(len(server.stored()), 1)

    def test_half_closed_after_the_dot(self):
        """wire: a client that closes its side after the final dot is told what became of its message"""
        with Server() as server:
            said = exchange(server, EHLO + ENVELOPE + MESSAGE)
            self.assertEqual((replies(said), len(server.stored())), (ALL, 1))

    def test_many_commands(self):
        """wire: 20,000 commands in one go get 20,000 replies, though nobody reads them in between"""
        with Server() as server:
            said = exchange(server, b"NOOP\r\n" * 20000 + b"QUIT\r\n")
            self.assertEqual(replies(said), [220] + [250] * 20000 + [221])

    def test_unfinished_line(self):
        """wire: a line that was never ended is not carried out"""
        with Server() as server:
            self.assertEqual(replies(exchange(server, b"NOOP\r\nHELP")), [220, 250])

    def test_nul_bytes(self):
        """wire: NUL in a command ends nothing and is refused as any other nonsense"""
        with Server() as server, Wire(server.port) as client:
            self.assertEqual(client.say(b"NO\0OP\r\n"), b"500 Unrecognized command\r\n")
            self.assertEqual(client.say(b"\0\r\n"), b"500 Unrecognized command\r\n")
            client.say(EHLO)
            self.assertEqual(client.say(b"MAIL FROM:<a\0b@example.org>\r\n")[:3], b"501")
            self.assertEqual(client.say(b"RSET\r\n"), b"250 OK\r\n")

    def test_client_hello(self):
        """wire: a TLS client hello gets a refusal, not a crash"""
        with Server() as server:
            said = exchange(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(128, 256)) + b"\r\n")
            self.assertEqual(replies(said)[0], 220)
            self.assertEqual({code // 100 for code in replies(said)[1:]}, {5})
            self.assertEqual(replies(exchange(server, b"QUIT\r\n")), [220, 221])

    def test_the_end_by_reset(self):
        """wire: clients that leave with a reset leave a server that goes on"""
        with Server() as server:
            for number in range(50):
                client = Wire(server.port, banner=number % 2 == 0)
                client.send(EHLO + ENVELOPE)
                client.abort()
            # Of those that did not wait for the banner some have gone before they were taken, and are nobody.
            summaries(server, 25)
            self.assertEqual(replies(exchange(server, b"QUIT\r\n")), [220, 221])

    def test_early_talker(self):
        """wire: who speaks behind a command that ends a group is an early talker in the summary"""
        with Server() as server:
            with Wire(server.port) as polite:
                polite.say(EHLO)
                polite.send(ENVELOPE)
                self.assertEqual((polite.reply()[:3], polite.reply()[:3]), (b"250", b"250"))
                polite.say(b"QUIT\r\n")
            self.assertEqual(summaries(server, 1)[0]["early"], "N")
            with Wire(server.port) as hasty:
                hasty.say(EHLO)
                hasty.send(b"NOOP\r\nQUIT\r\n")
                self.assertEqual(hasty.rest(), b"250 OK\r\n" + GOODBYE)
            found = summaries(server, 2)
            self.assertEqual([line["early"] for line in found], ["N", "Y"])
            self.assertEqual([line["pipe"] for line in found], ["Y", "N"])


class BareNewlines(ForeignTest):
    """Under reject only CR LF ends a command; under replace and accept a bare LF does, too, as in Haraka."""

    def check(self, word, lines, first):
        """Each line gets `first`, and one reply only."""
        with Server(config=policy(word)) as server:
            said = {line: exchange(server, line + b"VRFY x\r\nQUIT\r\n").split(b"\r\n", 1)[1] for line in lines}
        self.assertEqual({line: replies(answer) for line, answer in said.items()},
                         {line: [int(first[:3]), 252, 221] for line in lines}, word)
        for line, answer in said.items():
            self.assertEqual(answer[:len(first)], first, line)

    def test_rejected(self):
        """wire: under reject a command with a bare CR or LF gets one 500, and nothing in it is carried out"""
        self.check("reject", (b"NOOP\nHELP\r\n", b"NOOP\rHELP\r\n", b"NOOP\n\r\n", b"\nNOOP\r\n", b"NOOP\r\r\n",
                              b"NOOP\n\nHELP\n\r\n"), BARE)

    def test_accepted(self):
        """wire: under replace and accept a bare LF ends a command, a bare CR does not"""
        for word in ("replace", "accept"):
            with Server(config=policy(word)) as server:
                said = exchange(server, b"NOOP a\nHELP b\nNOOP\rHELP\r\nQUIT\r\n").split(b"\r\n", 1)[1]
            self.assertEqual(replies(said), [250, 250, 500, 221], word)

    def test_no_reply_is_split(self):
        """wire: nothing that a client says makes a reply of two lines, or a line that is no reply"""
        names = (b"a\rb", b"a\0b", b"a\x0bb", b"a\x85b", b"a\xe2\x80\xa8b", b'"a\\\r"', b'"a\\\x01b"')
        for word in ("reject", "accept"):
            with Server(config=policy(word)) as server:
                for name in names:
                    said = exchange(server, EHLO + b"MAIL FROM:<" + name + b"@example.org>\r\nRCPT TO:<" + name
                                    + b"@elsewhere.example>\r\nQUIT\r\n")
                    for line in said.split(b"\r\n")[:-1]:
                        self.assertRegex(line, rb"\A[245]\d\d[ -][^\0-\x1f\x7f]+\Z", (word, name))


class Listeners(ForeignTest):
    def check_mail(self, server, target):
        with Wire(target) as client:
            self.assertRegex(client.envelope(b"Subject: x\r\n\r\ny\r\n.\r\n"), QUEUED)
            self.assertEqual(client.say(b"QUIT\r\n"), GOODBYE)

    def test_ipv6(self):
        """wire: a listener on [::1] takes mail and says whence"""
        with Listener(config={"smtp.ini": "listen=[::1]:0\nnodes=0\n"}) as server:
            self.assertEqual(server.targets[0][0], "::1")
            self.check_mail(server, server.targets[0])
            self.assertEqual(summaries(server)[0]["ip"], "::1")
            self.assertIn(b"[::1]", server.messages()[0].split(b"\n\tby", 1)[0])

    def test_mapped(self):
        """wire: over a listener on [::] an IPv4 client is an IPv4 client"""
        with Listener(config={"smtp.ini": "listen=[::]:0\nnodes=0\n"}) as server:
            self.check_mail(server, ("127.0.0.1", server.targets[0][1]))
            self.assertEqual(summaries(server)[0]["ip"], "127.0.0.1")

    def test_several(self):
        """wire: several listeners serve at once"""
        with Listener(config={"smtp.ini": "listen=127.0.0.1:0,[::1]:0\nnodes=0\n"}) as server:
            for target in server.targets:
                self.check_mail(server, target)
            self.assertEqual(len(server.stored()), 2)

    def test_unix(self):
        """wire: a unix socket takes mail, has its mode and is gone at the end"""
        server = Listener()
        path = os.path.join(server.folder, "smtp.socket")
        server.configure("smtp.ini", f"listen=127.0.0.1:0,{path}:660\nnodes=0\n")
        with server:
            self.assertEqual(server.targets[1], path)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)
            self.check_mail(server, path)
            self.assertEqual(len(server.stored()), 1)
            self.assertEqual(server.stop(), 0)
            self.assertFalse(os.path.exists(path))

    def test_unix_of_a_dead_server(self):
        """wire: the unix socket of a server that was killed does not keep the next one from starting"""
        server = Listener()
        path = os.path.join(server.folder, "smtp.socket")
        server.configure("smtp.ini", f"listen=127.0.0.1:0,{path}:660\nnodes=0\n")
        left = socket.socket(socket.AF_UNIX)
        left.bind(path)
        left.close()
        with server:
            self.check_mail(server, path)

"""Python's smtplib: an ordinary sending library."""
import os
import smtplib

from server import LIMIT, ForeignTest, Server, header, until


class SMTPLib(ForeignTest):
    def client(self, server):
        return smtplib.SMTP("127.0.0.1", server.port, local_hostname="client.example.org", timeout=LIMIT)

    def test_offers(self):
        """smtplib: EHLO offers PIPELINING, 8BITMIME, SMTPUTF8 and the size limit"""
        with Server(config={"connection.ini": "[max]\nbytes=500000\n"}) as server, self.client(server) as client:
            code, text = client.ehlo()
            self.assertEqual(code, 250)
            self.assertRegex(text.split(b"\n")[0], rb"^mx\.example\.com Hello .*\[127\.0\.0\.1\], Haraka is at your service\.$")
            self.assertEqual(set(client.esmtp_features), {"pipelining", "8bitmime", "smtputf8", "size"})
            self.assertEqual(client.esmtp_features["size"], "500000")

    def test_declared_size(self):
        """smtplib: SIZE= beyond the limit is refused at MAIL, a message beyond it at its end"""
        with Server(config={"connection.ini": "[max]\nbytes=20000\n"}) as server, self.client(server) as client:
            client.ehlo()
            self.assertEqual(client.mail("a@example.org", ["SIZE=20001"]), (550, b"Message too big!"))
            self.assertEqual(client.mail("a@example.org", ["SIZE=20000"])[0], 250)
            self.assertEqual(client.rcpt("b@example.com")[0], 250)
            self.assertEqual(client.data(b"Subject: x\r\n\r\n" + b"0123456789" * 2500 + b"\r\n"),
                             (550, b"Message too big!"))
            self.assertEqual(client.noop()[0], 250)
            self.assertEqual(server.stored(), [])

    def test_utf8_addresses(self):
        """smtplib: addresses beyond ASCII arrive with SMTPUTF8"""
        with Server() as server, self.client(server) as client:
            client.ehlo()
            refused = client.sendmail("jürgen@beispiel.example", ["zoë@example.com"],
                                      "Subject: grüße\r\n\r\nhällo\r\n".encode("utf-8"), ["SMTPUTF8", "BODY=8BITMIME"])
            self.assertEqual(refused, {})
            (stored,) = server.messages()
            self.ends_with(stored, "\n\nhällo\n".encode("utf-8"))

    def test_larger_than_memory(self):
        """smtplib: a message beyond spool_after is stored whole and leaves nothing in the spool folder"""
        body = b"".join(b"%08d the quick brown fox jumps over the lazy dog\r\n" % line for line in range(60000))
        self.assertGreater(len(body), 3_000_000)
        with Server() as server, self.client(server) as client:
            client.sendmail("a@example.org", ["b@example.com"], b"Subject: long\r\n\r\n" + body)
            (stored,) = server.messages()
            self.assertEqual(stored.split(b"\n\n", 1)[1], body.replace(b"\r\n", b"\n"))
            until("the spool folder holds no file", lambda: not any(files for _, _, files in os.walk(server.spool)))

    def test_hundred_recipients(self):
        """smtplib: a message to a hundred recipients lands a hundred times"""
        recipients = [f"user{number}@example.com" for number in range(100)]
        with Server() as server, self.client(server) as client:
            self.assertEqual(client.sendmail("a@example.org", recipients, b"Subject: all\r\n\r\nhello\r\n"), {})
            stored = server.stored()
            self.assertEqual(len(stored), 100)
            self.assertEqual(len({os.path.dirname(path) for path in stored}), 100)

    def test_one_recipient_of_two(self):
        """smtplib: a refused recipient does not keep the others from their mail"""
        with Server() as server, self.client(server) as client:
            refused = client.sendmail("a@example.org", ["b@elsewhere.test", "b@example.com"], b"Subject: x\r\n\r\ny\r\n")
            self.assertEqual(refused, {"b@elsewhere.test": (550, b"I cannot deliver mail for <b@elsewhere.test>")})
            self.assertEqual(len(server.stored()), 1)

    def test_message_ids_are_unique(self):
        """smtplib: several messages on one connection have a transaction each"""
        with Server() as server, self.client(server) as client:
            for number in range(3):
                client.sendmail("a@example.org", ["b@example.com"], b"Subject: %d\r\n\r\nx\r\n" % number)
            ids = [header(message, "Received")[0].split(" id ")[1].split()[0] for message in server.messages()]
            self.assertEqual(sorted(identifier.rsplit(".", 1)[1] for identifier in ids), ["1", "2", "3"])

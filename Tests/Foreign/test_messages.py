"""Messages that plugins read and rewrite: header, parts, attachments, filters, banner, streams. docs/messages.md."""
import base64
import email
import email.policy
import hashlib
import re
import tempfile

from inline import NOTHING, compiled, hooked
from server import ForeignTest, Server, until
from wire import EHLO, ENVELOPE, QUEUED, Wire, seconds

BODY = "(const haraka_body_1 *)haraka_table->service(haraka_text(\"body/1\"))"
QUEUE = ["rcpt_to.in_host_list"]

# Writes each part in order into the log: index, depth, type, whether it is complete, and its text.
VISITOR = """
#include <stdio.h>
#include <string.h>
HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
HARAKA_HOOK(data) { PARSE return HARAKA_CONT; }
HARAKA_HOOK(data_post)
{
    const haraka_body_1 *body = BODY;
    haraka_part part;
    size_t i;
    for (i = 0; body->part(call->transaction, i, &part) == 0; i++) {
        haraka_value type, depth, complete, children;
        haraka_stream stream;
        char line[2048], text[512];
        int64_t got = 0, more;
        body->get(part, HARAKA_PART_CONTENT_TYPE, &type);
        body->get(part, HARAKA_PART_DEPTH, &depth);
        body->get(part, HARAKA_PART_IS_COMPLETE, &complete);
        body->get(part, HARAKA_PART_CHILDREN, &children);
        if (body->open(part, HARAKA_PART_TEXT, &stream) == 0) {
            while ((more = haraka_table->stream_read(stream, text + got, sizeof text - 1 - (size_t)got)) > 0) got += more;
            haraka_table->stream_close(stream);
        }
        text[got] = 0;
        snprintf(line, sizeof line, "part %zu depth=%d children=%d complete=%d type=%.*s text=[%s]", i,
                 (int)haraka_value_integer(&depth, -1), (int)haraka_value_integer(&children, -1),
                 (int)haraka_value_integer(&complete, -1), (int)type.as.text.len, type.as.text.ptr, text);
        haraka_log(call->self, HARAKA_LOG_NOTICE, haraka_of_connection(call->connection), line);
    }
    return HARAKA_CONT;
}
""".replace("BODY", BODY)
PARSES_EARLY = VISITOR.replace("PARSE", "haraka_parse_body(call->transaction);")
PARSES_LATE = VISITOR.replace("PARSE", "(void)call;")

# Takes every attachment, says its name, size and digest; `HOLD` is done with each piece.
COLLECTOR = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static const haraka_digest_1 *digest;
static haraka_self me;
struct one { void *state; char name[80]; size_t size; };
static haraka_connection held;
static int holds;
static void go_on(void *unused) { (void)unused; holds = 0; haraka_table->resume(held); }
static int32_t begin(void *context, haraka_transaction t, const haraka_part_info *part, void **out)
{
    struct one *one = calloc(1, sizeof *one);
    size_t i;
    (void)context; (void)t;
    for (i = 0; i < part->filename.len && i < 79; i++) one->name[i] = part->filename.ptr[i];
    one->state = digest->begin(HARAKA_DIGEST_MD5, haraka_text(NULL));
    *out = one;
    return 1;
}
static void data(void *context, void *it, haraka_str bytes)
{
    struct one *one = it;
    (void)context;
    one->size += bytes.len;
    digest->update(one->state, bytes);
    HOLD
}
static void end(void *context, void *it, int32_t complete)
{
    struct one *one = it;
    unsigned char sum[16];
    char line[256];
    int i, at;
    (void)context;
    digest->finish(one->state, sum, sizeof sum);
    at = snprintf(line, sizeof line, "attachment %s size=%zu complete=%d md5=", one->name, one->size, complete);
    for (i = 0; i < 16; i++) at += snprintf(line + at, sizeof line - (size_t)at, "%02x", sum[i]);
    haraka_log(me, HARAKA_LOG_NOTICE, haraka_of_server(), line);
    free(one);
}
HARAKA_REGISTER(self)
{
    me = self;
    digest = (const haraka_digest_1 *)haraka_table->service(haraka_text("digest/1"));
    return digest == NULL ? HARAKA_E_ABSENT : HARAKA_SUCCESS;
}
HARAKA_HOOK(data)
{
    const haraka_body_1 *body = BODY;
    const haraka_attachments wanted = {sizeof wanted, begin, data, end, NULL, NULL};
    held = call->connection;
    (void)go_on;
    return body->attachments(call->self, call->transaction, &wanted) < 0 ? HARAKA_DENYSOFT : HARAKA_CONT;
}
""".replace("BODY", BODY)
HOLDS = """if (!holds) { holds = 1; haraka_table->pause(held); haraka_timer_start(me, 30, 0, go_on, NULL, NULL); }"""

# Upper-cases every text part.
SHOUTS = """
#include <ctype.h>
static int32_t begin(void *context, haraka_transaction t, const haraka_part_info *part, void **out)
{
    (void)context; (void)t; (void)out;
    return part->content_type.len > 5 && part->content_type.ptr[0] == 't' && !part->is_attachment;
}
static void data(void *context, void *it, haraka_str bytes, int32_t last, haraka_output output)
{
    const haraka_body_1 *body = BODY;
    size_t i;
    (void)context; (void)it; (void)last;
    for (i = 0; i < bytes.len; i++) {
        char c = (char)toupper((unsigned char)bytes.ptr[i]);
        body->emit(output, haraka_bytes(&c, 1));
    }
}
HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
HARAKA_HOOK(data)
{
    const haraka_body_1 *body = BODY;
    const haraka_filter filter = {sizeof filter, begin, data, NULL, NULL, NULL};
    return body->filter(call->self, call->transaction, &filter) < 0 ? HARAKA_DENYSOFT : HARAKA_CONT;
}
""".replace("BODY", BODY)

MIXED = b"""Subject: mixed\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary="outer"\r
\r
preamble\r
--outer\r
Content-Type: text/plain; charset=iso-8859-1\r
Content-Transfer-Encoding: quoted-printable\r
\r
caf=E9\r
--outer\r
Content-Type: multipart/alternative; boundary=inner\r
\r
--inner\r
\r
plain\r
--inner\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: base64\r
\r
PGI+Ym9sZDwvYj4=\r
--inner--\r
--outer\r
Content-Type: application/octet-stream; name="a.bin"\r
Content-Disposition: attachment; filename*=utf-8''%e2%82%ac.bin\r
Content-Transfer-Encoding: base64\r
\r
AAECAw==\r
--outer--\r
epilogue\r
.\r
"""


class Messages(ForeignTest):
    def server(self, plugins, code, config=None, queue="queue/maildir"):
        folder = tempfile.mkdtemp(prefix="haraka-test-")
        return Server(QUEUE + list(plugins) + [queue], config=config,
                      objects={name: compiled(folder, name, text) for name, text in code.items()})

    def lines(self, server, word):
        return [line.split(f"] {word} ", 1)[1] for line in server.lines if f"] {word} " in line]

    def parts(self, code, message, config=None):
        with self.server(["visitor"], {"visitor": code}, config) as server, Wire(server.port) as client:
            self.assertRegex(client.envelope(message), QUEUED)
            until("the parts are logged", lambda: self.lines(server, "part"))
            return self.lines(server, "part"), server.messages()

    EXPECTED = [
        "0 depth=0 children=3 complete=1 type=multipart/mixed text=[]",
        "1 depth=1 children=0 complete=1 type=text/plain text=[café]",
        "2 depth=1 children=2 complete=1 type=multipart/alternative text=[]",
        "3 depth=2 children=0 complete=1 type=text/plain text=[plain]",
        "4 depth=2 children=0 complete=1 type=text/html text=[<b>bold</b>]",
        "5 depth=1 children=0 complete=1 type=application/octet-stream text=[]",
    ]

    def test_parts(self):
        """parts: types, depths and texts, decoded and in UTF-8, of a message that was parsed while it came"""
        found, _ = self.parts(PARSES_EARLY, MIXED)
        self.assertEqual(found, self.EXPECTED)

    def test_parts_late(self):
        """parts: the same for a plugin that asks only when the message has come, from a spool file too"""
        early, _ = self.parts(PARSES_EARLY, MIXED)
        late, _ = self.parts(PARSES_LATE, MIXED)
        spooled, _ = self.parts(PARSES_LATE, MIXED, {"connection.ini": "spool_after=0\n"})
        self.assertEqual(late, early)
        self.assertEqual(spooled, early)
        self.assertEqual(len(early), 6)

    def test_without_closing_boundary(self):
        """parts: a part whose boundary never comes is read all the same, and says so"""
        message = MIXED.split(b"--inner--")[0] + b".\r\n"
        found, _ = self.parts(PARSES_EARLY, message)
        self.assertIn("4 depth=2 children=0 complete=0 type=text/html text=[<b>bold</b>]", [line.strip() for line in found])

    def test_too_many_parts(self):
        """parts: more than max.mime_parts: 554 and the connection ends, if a plugin looks at parts"""
        many = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 30 + b"--b--\r\n.\r\n"
        limits = {"connection.ini": "[max]\nmime_parts=20\n"}
        with self.server(["visitor"], {"visitor": PARSES_EARLY}, limits) as server, Wire(server.port) as client:
            self.assertEqual(client.envelope(many), b"554 Transaction failed due to too many MIME parts\r\n")
            self.assertEqual(client.rest(), b"")
        with self.server(["visitor"], {"visitor": hooked(data="return 0;")}, limits) as server, Wire(server.port) as client:
            self.assertRegex(client.envelope(many), QUEUED)

    def test_untouched(self):
        """parts: a message whose parts were looked at is stored byte for byte"""
        _, stored = self.parts(PARSES_EARLY, MIXED)
        self.assertTrue(stored[0].endswith(MIXED.replace(b"\r\n", b"\n")[:-2]), stored[0])

    def attachment(self, size, hold="", config=None):
        content = bytes(i * 7 % 251 for i in range(size))
        message = (b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                   b"Content-Type: application/x-thing; name=thing.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                   + base64.encodebytes(content).replace(b"\n", b"\r\n") + b"--b--\r\n.\r\n")
        code = COLLECTOR.replace("HOLD", hold)
        with self.server(["collector"], {"collector": code}, config) as server, Wire(server.port) as client:
            client.envelope()
            took, answer = seconds(lambda: client.say(message))
            self.assertRegex(answer, QUEUED)
            (line,) = self.lines(server, "attachment")
        self.assertEqual(line, f"thing.dat size={size} complete=1 md5={hashlib.md5(content).hexdigest()}")
        return took

    def test_attachment(self):
        """attachments: a plugin gets the decoded bytes while they come, and the digest is right"""
        self.attachment(3_000_001)

    def test_attachment_holds_the_client_back(self):
        """attachments: a plugin that pauses the connection is not overrun, and the answer waits for the resume"""
        self.assertGreater(self.attachment(600_000, HOLDS), 0.05)

    def test_attachment_of_a_client_that_leaves(self):
        """attachments: when the client goes in the middle of one it ends with -1, once"""
        code = COLLECTOR.replace("HOLD", "")
        with self.server(["collector"], {"collector": code}) as server:
            with Wire(server.port) as client:
                client.envelope()
                client.send(MIXED[:-28])
            until("the attachment has ended", lambda: self.lines(server, "attachment"))
            (line,) = self.lines(server, "attachment")
            self.assertIn("complete=-1", line)

    def test_filter(self):
        """filters: text parts are rewritten in their own encoding and charset, all else stays byte for byte"""
        with self.server(["shouts"], {"shouts": SHOUTS}) as server, Wire(server.port) as client:
            self.assertRegex(client.envelope(MIXED), QUEUED)
            (stored,) = server.messages()
        message = email.message_from_bytes(stored, policy=email.policy.default)
        texts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        self.assertEqual([text.strip() for text in texts], ["CAFé", "PLAIN", "<B>BOLD</B>"])
        self.assertIn(b"preamble\n--outer\n", stored)
        self.assertIn(b"\nAAECAw==\n--outer--\nepilogue\n", stored)

    def test_banner(self):
        """banner: it stands under each text part in the part's own charset, before </body> in HTML"""
        code = NOTHING + """HARAKA_HOOK(data)
        {
            const haraka_body_1 *body = BODY;
            return body->banner(call->transaction, haraka_text("na\\xc3\\xafve"), haraka_text("")) < 0 ? HARAKA_DENY : 0;
        }""".replace("BODY", BODY)
        html = MIXED.replace(b"PGI+Ym9sZDwvYj4=", base64.b64encode(b"<html><body>hi</BODY></html>"))
        with self.server(["banner"], {"banner": code}) as server, Wire(server.port) as client:
            self.assertRegex(client.envelope(html), QUEUED)
            (stored,) = server.messages()
        message = email.message_from_bytes(stored, policy=email.policy.default)
        texts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        self.assertRegex(texts[0], r"\Acafé\s+naïve\s*\Z")
        self.assertRegex(texts[2], r"\A<html><body>hi<P>na(ï|&#239;)ve</P></BODY></html>\s*\Z")

    def test_too_late(self):
        """filters, attachments and banner: after `data` they are refused with HARAKA_E_STATE"""
        code = NOTHING + """HARAKA_HOOK(data_post)
        {
            const haraka_body_1 *body = BODY;
            int late = body->banner(call->transaction, haraka_text("x"), haraka_text("")) == HARAKA_E_STATE;
            return haraka_answer(call, HARAKA_DENY, late ? "too late" : "taken");
        }""".replace("BODY", BODY)
        with self.server(["late"], {"late": code}) as server, Wire(server.port) as client:
            self.assertEqual(client.envelope(MIXED), b"550 too late\r\n")

    def test_headers(self):
        """headers: decoded values, a leading and a last field, a removed one; what nobody touched stays as it came"""
        code = NOTHING + """HARAKA_HOOK(data_post)
        {
            haraka_value v;
            haraka_header_get_decoded(call->transaction, "Subject", &v);
            haraka_header_add_leading(call->transaction, "X-First", haraka_value_text(haraka_value_at(&v, 0)));
            haraka_header_add(call->transaction, "X-Last", haraka_text("end"));
            haraka_table->header_remove(call->transaction, haraka_text("X-Gone"));
            return HARAKA_CONT;
        }"""
        message = (b"X-Odd :\t keep  me \r\nSubject: =?utf-8?b?4oI=?=\r\n =?utf-8?b?rCB4?= =?iso-8859-1?q?=E9?=\r\nX-Gone: 1\r\n"
                   b"X-Folded: a\r\n\t b\r\n\r\nbody\r\n.\r\n")
        with self.server(["headers_of_test"], {"headers_of_test": code}) as server, Wire(server.port) as client:
            self.assertRegex(client.envelope(message), QUEUED)
            (stored,) = server.messages()
        head = stored.split(b"\n\n", 1)[0]
        self.assertIn(b"X-First: =?UTF-8?", head.split(b"Received:")[0])
        self.assertEqual(str(email.message_from_bytes(stored, policy=email.policy.default)["X-First"]), "€ xé")
        self.assertTrue(head.endswith(
            b"X-Odd :\t keep  me \nSubject: =?utf-8?b?4oI=?=\n =?utf-8?b?rCB4?= =?iso-8859-1?q?=E9?=\n"
            b"X-Folded: a\n\t b\nX-Last: end"), head)

    def test_authentication_results(self):
        """Authentication-Results: the client's are renamed, what plugins say is collected and stands on top in the end"""
        code = NOTHING + """
        HARAKA_HOOK(connect) { haraka_auth_results(call->connection, "iprev=pass"); return 0; }
        HARAKA_HOOK(mail) { haraka_auth_results(call->connection, "spf=pass smtp.mailfrom=example.org"); return 0; }
        HARAKA_HOOK(data_post) { haraka_auth_results(call->connection, "dkim=none"); return 0; }"""
        message = b"Authentication-Results: evil; spf=pass\r\nSubject: x\r\n\r\nbody\r\n.\r\n"
        with self.server(["results"], {"results": code}) as server, Wire(server.port) as client:
            self.assertRegex(client.envelope(message), QUEUED)
            (stored,) = server.messages()
        own = b"Authentication-Results: mx.example.com;\n\tiprev=pass;\n\tspf=pass smtp.mailfrom=example.org;\n\tdkim=none"
        self.assertIn(own, stored)
        self.assertLess(stored.index(own), stored.index(b"Received: from"))
        self.assertEqual(stored.count(b"\nAuthentication-Results:") + stored.startswith(b"Authentication-Results:"), 1)
        self.assertIn(b"\nOriginal-Authentication-Results: evil; spf=pass\n", stored)

    def test_folding(self):
        """fold_long_lines: a line longer than max.data_line_length is cut by CR LF and a blank; without the key it is not"""
        message = b"Subject: x\r\n\r\n" + b"a" * 150 + b"\r\n.\r\n"
        for fold, expected in ((True, b"a" * 100 + b"\n " + b"a" * 50 + b"\n"), (False, b"a" * 150 + b"\n")):
            ini = f"fold_long_lines={str(fold).lower()}\n[max]\ndata_line_length=100\n"
            with self.server([], {}, {"connection.ini": ini}) as server, Wire(server.port) as client:
                self.assertRegex(client.envelope(message), QUEUED)
                self.assertEqual(server.messages()[0].split(b"\n\n", 1)[1], expected)

    def test_streams(self):
        """message_stream: line ends, dot stuffing, ending dot, without header, clamd's chunks, from memory and from a file"""
        code = NOTHING + """
        #include <stdio.h>
        static void put(const haraka_call *call, haraka_message m, uint32_t flags)
        {
            haraka_stream s;
            char text[600], line[1400];
            int64_t got = 0, more, i, at;
            haraka_stream_options o = {sizeof o, flags, 10};
            if (haraka_table->message_stream(m, &o, &s) < 0) return;
            while ((more = haraka_table->stream_read(s, text + got, 7)) > 0) got += more;
            haraka_table->stream_close(s);
            at = snprintf(line, sizeof line, "stream %u ", flags);
            for (i = 0; i < got; i++) at += snprintf(line + at, sizeof line - (size_t)at, "%02x", (unsigned char)text[i]);
            haraka_log(call->self, HARAKA_LOG_NOTICE, haraka_of_connection(call->connection), line);
        }
        HARAKA_HOOK(data_post)
        {
            haraka_message m;
            haraka_table->header_remove(call->transaction, haraka_text("Received"));
            haraka_table->message_retain(call->transaction, &m);
            put(call, m, 0); put(call, m, 1); put(call, m, 2); put(call, m, 4); put(call, m, 8); put(call, m, 24);
            put(call, m, 15);
            haraka_table->message_release(m);
            return HARAKA_CONT;
        }"""
        message = b"A: b\r\n\r\n..dot\r\nend\r\n.\r\n"
        whole, body = b"A: b\r\n\r\n.dot\r\nend\r\n", b".dot\r\nend\r\n"
        chunks = b"\0\0\0\x0a.dot\r\nend\r\0\0\0\x01\n\0\0\0\0"
        expected = {0: whole, 1: whole.replace(b"\r\n", b"\n"), 2: b"A: b\r\n\r\n..dot\r\nend\r\n", 4: whole + b".\r\n", 8: body,
                    24: chunks, 15: b"..dot\nend\n.\n"}
        for spool in (-1, 0):
            with self.server(["streams"], {"streams": code}, {"connection.ini": f"spool_after={spool}\n"}) as server, \
                    Wire(server.port) as client:
                self.assertRegex(client.envelope(message), QUEUED)
                found = dict(line.split(" ") for line in self.lines(server, "stream"))
                self.assertEqual({int(key): bytes.fromhex(value) for key, value in found.items()}, expected)

    def test_memory_is_bounded(self):
        """memory: 100 MiB through parts, attachments, a filter and streams of several plugins cost no more than 1 MiB does"""
        used = {}
        code = {"visitor": PARSES_EARLY, "collector": COLLECTOR.replace("HOLD", ""), "shouts": SHOUTS,
                "visitor2": PARSES_LATE, "visitor3": PARSES_EARLY, "collector2": COLLECTOR.replace("HOLD", "")}
        line = base64.b64encode(b"0123456789" * 5 + b"0123456") + b"\r\n"
        for megabytes in (1, 100):
            config = {"connection.ini": "[max]\nbytes=0\n"}
            with self.server(code, code, config, queue="queue/discard") as server, Wire(server.port) as client:
                client.envelope()
                client.send(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n")
                half = line * (megabytes * 524288 // len(line) // 64)
                for _ in range(64):
                    client.send(half)
                client.send(b"--b\r\nContent-Type: application/zip; name=z\r\nContent-Transfer-Encoding: base64\r\n\r\n")
                for _ in range(64):
                    client.send(half)
                reply = client.say(b"--b--\r\n.\r\n")
                self.assertRegex(reply, rb"^(250|451) ")
                with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
                    used[megabytes] = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))
        self.assertLess(used[100] - used[1], 4096, f"KiB at the highest: {used}")

"""The plugin `attachment`, through its real shared object: PluginsSrc/attachment/README.md. The archives are made here, but
for those that Python cannot make, which are at the end."""
import base64
import bz2
import contextlib
import gzip
import hashlib
import io
import lzma
import os
import random
import struct
import tarfile
import tempfile
import time
import zipfile
import zlib

from inline import hooked, server_with
from server import ForeignTest, until
from wire import EHLO, QUEUED, Wire

QUEUE = ["rcpt_to.in_host_list", "queue/maildir"]
RELAY = "(void)haraka_set_relaying(call->connection, 1); return HARAKA_CONT;"
UNPACK = b"450 Error unpacking archive\r\n"
DEEP = b"550 Message contains nested archives exceeding the maximum depth\r\n"
ENCRYPTED = b"550 Message contains encrypted archive\r\n"
EXE = b"MZ\x90\x00"


def unacceptable(name):
    return b"550 Message contains unacceptable attachment (%s)\r\n" % name.encode()


def zipped(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(files, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def nested(depth):
    """A zip archive with `depth` archives, one in the other, and a program in the innermost."""
    content = zipped({"evil.exe": EXE})
    for level in range(1, depth):
        content = zipped({f"level{level}.zip": content})
    return content


def again(compress, content, times):
    for _ in range(times):
        content = compress(content)
    return content


def many_files(count):
    """A 7z archive whose list of files is a bit for each, without names; each may take a hundred bytes of memory."""
    bits = b"\xff" * (count // 8)
    header = (b"\1\5" + struct.pack("<BI", 0xF0, count) + b"\x0e" + struct.pack("<BI", 0xF0, len(bits)) + bits + b"\0\0")
    place = struct.pack("<QQI", 0, len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(place)) + place + header


def part(content, name=None, content_type="application/octet-stream", more=""):
    named = f'Content-Disposition: attachment; filename="{name}"\r\n' if name else ""
    head = f"--b\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n{named}{more}\r\n"
    return head.encode() + base64.encodebytes(content).replace(b"\n", b"\r\n")


def mixed(*parts, ending=b"--b--\r\n"):
    text = b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
    return (b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + text
            + b"".join(parts) + ending)


class Attachments(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def server(self, ini="", config=None, **hooks):
        """A server with the plugin, after one named `mine` with these hooks."""
        hooks.setdefault("noop", "return HARAKA_CONT;")
        files = {"attachment.ini": ini, "log.ini": "level=info\n", **(config or {})}
        server = server_with(self.scratch, ["mine", "attachment", *QUEUE], {"mine": hooked(**hooks)}, files)
        server.configure("queue.maildir.ini", f"root={server.mail}\nenable_outbound=true\n")
        return server

    def send(self, server, message):
        """The reply to a message, sent over a connection of its own."""
        with Wire(server.port) as client:
            for command in (EHLO, b"MAIL FROM:<a@example.org>\r\n", b"RCPT TO:<b@example.com>\r\n"):
                self.assertEqual(client.say(command)[:3], b"250", command)
            self.assertEqual(client.say(b"DATA\r\n")[:3], b"354")
            return client.say(message + b".\r\n")

    def expect(self, server, cases):
        """`cases`: what it is, the message, the reply; None: it is queued."""
        for what, message, reply in cases:
            with self.subTest(what):
                said = self.send(server, message)
                if reply is None:
                    self.assertRegex(said, QUEUED, what)
                else:
                    self.assertEqual(said, reply, what)

    # --------------------------------------------------------------------------------------------- names and types ----
    def test_names(self):
        """attachment: names are refused by their ends, whatever their letters, blanks and encodings"""
        encoded = "Content-Disposition: attachment; filename*0*=utf-8''r%C3%A9sum%C3%A9; filename*1=.exe\r\n"
        words = "Content-Disposition: attachment; filename*=utf-8''invoice%2Escr\r\n"
        inline = (b"--b\r\nContent-Type: text/plain; name=\"run.bat\"\r\n\r\nformat c:\r\n")
        self_made = mixed(part(EXE, "evil.exe"), ending=b"")
        with self.server() as server:
            self.expect(server, [
                ("plain", mixed(part(EXE, "evil.exe")), unacceptable("evil.exe")),
                ("upper case", mixed(part(EXE, "EVIL.EXE")), unacceptable("EVIL.EXE")),
                ("two extensions", mixed(part(EXE, "invoice.pdf.exe")), unacceptable("invoice.pdf.exe")),
                ("dots and blanks behind it", mixed(part(EXE, "evil.exe . ")), unacceptable("evil.exe .")),
                ("RFC 2231 in pieces", mixed(part(EXE, more=encoded)), unacceptable("r??sum??.exe")),
                ("RFC 2231", mixed(part(EXE, more=words)), unacceptable("invoice.scr")),
                ("a text", mixed(inline), unacceptable("run.bat")),
                ("no boundary at the end", self_made, unacceptable("evil.exe")),
                ("no such end", mixed(part(EXE, "exe")), None),
                ("another end", mixed(part(EXE, "evil.exe.txt")), None),
                ("nothing", b"Subject: evil.exe\r\n\r\nevil.exe\r\n", None),
            ])

    def test_types(self):
        """attachment: content types are refused wherever they stand"""
        def refused(name):
            return b"550 Message contains unacceptable content type (%s)\r\n" % name
        partial = b"Content-Type: message/partial; id=1; number=1; total=2\r\n\r\nFrom: x\r\n\r\ny\r\n"
        with self.server() as server:
            self.expect(server, [
                ("a part", mixed(part(EXE, "a", "application/x-EXECUTABLE")), refused(b"application/x-executable")),
                ("the message", partial, refused(b"message/partial")),
                ("others", mixed(part(b"x", "a.png", "image/png")), None),
            ])

    def test_extensions(self):
        """attachment: disallowed extensions have words of their own, also inside of archives"""
        ini = "disallowed_extensions=.docm, XLSM\n"
        with self.server(ini) as server:
            self.expect(server, [
                ("outside", mixed(part(b"x", "a.DocM")), b"550 Message contains disallowed file extension (DocM)\r\n"),
                ("inside", mixed(part(zipped({"b/a.xlsm": b"x"}), "a.zip")),
                 b"550 Message contains disallowed file extension (xlsm)\r\n"),
                ("no extension", mixed(part(b"x", "docm")), None),
            ])

    # ---------------------------------------------------------------------------------------------------- archives ----
    def test_kinds(self):
        """attachment: names in all kinds of archives are found"""
        files = {"read.me": b"hello" * 1000, "sub/evil.exe": EXE}
        evil = unacceptable("sub/evil.exe")
        cases = [
            ("zip", zipped(files), "a.zip"), ("zip, stored", zipped(files, zipfile.ZIP_STORED), "a.zip"),
            ("tar", tarred(files), "a.tar"), ("tgz", tarred(files, "w:gz"), "a.tgz"),
            ("tar.gz in upper case", tarred(files, "w:gz"), "A.TAR.GZ"), ("tar.bz2", tarred(files, "w:bz2"), "a.tar.bz2"),
            ("tar.xz", tarred(files, "w:xz"), "a.tar.xz"), ("after something else", EXE + b"x" * 999 + zipped(files), "a.zip"),
            ("zip by its start", zipped(files), "a.txt"), ("tar by its start", tarred(files), "notes"),
            ("zip by its type", b"x" * 50 + zipped(files), "a"),
        ]
        with self.server() as server:
            for what, content, name in cases:
                content_type = "application/zip" if "type" in what else "application/octet-stream"
                self.expect(server, [(what, mixed(part(content, name, content_type)), evil)])
            self.expect(server, [
                ("a text that is none", mixed(part(b"hello", "a.txt", "text/plain")), None),
                ("a zip without a name", mixed(part(zipped(files))), evil),
                ("a good one", mixed(part(zipped({"a.txt": b"hello"}), "a.zip")), None),
                ("an empty one", mixed(part(zipped({}), "a.zip")), None),
                ("nothing", mixed(part(b"", "a.zip")), None),
                ("7z", mixed(part(SEVEN, "a.7z")), unacceptable("evil.exe")),
                ("no boundary at the end", mixed(part(zipped(files), "a.zip"), ending=b""), evil),
                ("a text with a name", mixed(part(zipped(files), None, 'text/plain; name="a.txt"')), evil),
                ("names that are not ASCII", mixed(part(zipped({"größe.exe": EXE}), "a.zip")),
                 unacceptable("gr????e.exe")),
                ("names that are not ASCII, tar", mixed(part(tarred({"größe.exe": EXE}), "a.tar")),
                 unacceptable("gr????e.exe")),
            ])

    def test_compressed_files(self):
        """attachment: a compressed file is one with its name, or with the name that it brings along"""
        brought = io.BytesIO()
        with gzip.GzipFile("evil.exe", "wb", fileobj=brought) as out:
            out.write(EXE)
        with self.server() as server:
            self.expect(server, [
                ("gz", mixed(part(gzip.compress(EXE), "evil.exe.gz")), unacceptable("evil.exe")),
                ("bz2", mixed(part(bz2.compress(EXE), "evil.exe.bz2")), unacceptable("evil.exe")),
                ("xz", mixed(part(lzma.compress(EXE), "evil.exe.xz")), unacceptable("evil.exe")),
                ("brought along", mixed(part(brought.getvalue(), "good.gz")), unacceptable("evil.exe")),
                ("an archive in it", mixed(part(gzip.compress(zipped({"evil.exe": EXE})), "a.zip.gz")),
                 unacceptable("a.zip/evil.exe")),
                ("a good one", mixed(part(gzip.compress(b"hello"), "a.txt.gz")), None),
                ("an empty one", mixed(part(gzip.compress(b""), "a.txt.gz")), None),
            ])

    def test_nested(self):
        """attachment: archives in archives are looked into, whatever they are called, to the depth that is set"""
        other = zipped({"a.jpg": tarred({"evil.exe": EXE}, "w:gz")})
        with self.server() as server:
            self.expect(server, [
                ("five", mixed(part(nested(5), "a.zip")), unacceptable("level4.zip/level3.zip/level2.zip/level1.zip/evil.exe")),
                ("six", mixed(part(nested(6), "a.zip")), DEEP), ("sixty", mixed(part(nested(60), "a.zip")), DEEP),
                ("another name", mixed(part(other, "a.zip")), unacceptable("a.jpg/evil.exe")),
                ("7z in zip", mixed(part(zipped({"a.7z": SEVEN}), "a.zip")), unacceptable("a.7z/evil.exe")),
                ("zip in 7z", mixed(part(SEVEN_WITH_ZIP, "a.7z")), unacceptable("n.zip/evil.exe")),
            ])
        with self.server("[archive]\nmax_depth=1\n") as server:
            self.expect(server, [
                ("one", mixed(part(zipped({"a.txt": b"x"}), "a.zip")), None),
                ("two", mixed(part(nested(2), "a.zip")), DEEP),
            ])

    def test_encrypted(self):
        """attachment: encrypted archives are refused, unless they are allowed; names that show are judged anyway"""
        archives = [("zip", ENCRYPTED_ZIP), ("7z", ENCRYPTED_SEVEN), ("7z with names", SEALED_SEVEN)]
        nested_one = zipped({"inner.zip": ENCRYPTED_ZIP})
        with self.server() as server:
            for what, content in archives:
                self.expect(server, [(what, mixed(part(content, "a." + what[:3].strip())), ENCRYPTED)])
            self.expect(server, [("in another", mixed(part(nested_one, "a.zip")), ENCRYPTED)])
        with self.server("[archive]\nallow_encrypted=true\n") as server:
            self.expect(server, [
                ("zip", mixed(part(ENCRYPTED_ZIP, "a.zip")), None),
                ("7z with a name that is refused", mixed(part(ENCRYPTED_SEVEN, "a.7z")), unacceptable("evil.exe")),
                ("7z without names", mixed(part(SEALED_SEVEN, "a.7z")), None),
            ])

    def test_two_names(self):
        """attachment: of a zip archive that tells two names for a file, both count"""
        content = zipped({"good.txt": b"hello"})
        first, last = content.find(b"good.txt"), content.rfind(b"good.txt")
        with self.server() as server:
            for place in (first, last):
                changed = content[:place] + b"evil.exe" + content[place + 8:]
                self.expect(server, [(place, mixed(part(changed, "a.zip")), unacceptable("evil.exe"))])

    # ------------------------------------------------------------------------------------------------ hostile input ----
    def test_broken(self):
        """attachment: what cannot be unpacked is refused for now, but not if the client may relay; a bad name goes before"""
        noise = random.Random(1).randbytes(5000)
        cut = zipped({"a.bin": noise, "b.bin": noise})[:6000]
        broken = [("cut", cut, "a.zip"), ("none", b"a text\r\n" * 99, "a.zip"), ("noise", noise, "a.7z"),
                  ("half of much gzip", tarred({"a": random.Random(1).randbytes(500000)}, "w:gz")[:300000], "a.tgz"),
                  ("half a gzip", tarred({"a": noise}, "w:gz")[:2000], "a.tgz"), ("7z, cut", SEVEN[:100], "a.7z"),
                  ("in another", zipped({"a.zip": cut}), "a.zip"), ("rar", b"Rar!\x1a\x07\x01\x00" + noise, "a.rar")]
        evil = zipped({"evil.exe": EXE, "b.bin": noise})[:4000]
        with self.server() as server:
            for what, content, name in broken:
                self.expect(server, [(what, mixed(part(content, name)), UNPACK)])
            self.expect(server, [("a bad name in it", mixed(part(evil, "a.zip")), unacceptable("evil.exe"))])
            server.logged(r"\[INFO\] .*\[attachment\] unpack\(a\.zip: ")
        with self.server(connect=RELAY) as server:
            self.expect(server, [(what, mixed(part(content, name)), None) for what, content, name in broken])
            self.expect(server, [("encrypted", mixed(part(ENCRYPTED_ZIP, "a.zip")), ENCRYPTED)])

    def test_hostile_names(self):
        """attachment: names are data, however they look, and a reply stays one line"""
        names = ["../../../../etc/evil.exe", "a;rm -rf $HOME;.exe", "-rf.exe", "a\r\n250 ok.exe", "$(id)`id`.exe",
                 "x" * 60000 + ".exe", "a\x00b.exe"]
        with self.server() as server:
            for name in names:
                with self.subTest(name[:30]):
                    said = self.send(server, mixed(part(tarred({name.replace("\x00", "_"): EXE}), "a.tar")))
                    self.assertTrue(said.startswith(b"550 Message contains unacceptable attachment ("), said)
                    self.assertEqual((said.count(b"\r\n"), len(said) < 200), (1, True))
            content = zipped({"goodXexe": EXE}).replace(b"goodXexe", b"evil.exe\x00.txt"[:8])
            self.expect(server, [("cut by a zero", mixed(part(content, "a.zip")), unacceptable("evil.exe"))])

    def test_bombs(self):
        """attachment: entries, unpacked bytes and time are limited, and other clients are served meanwhile"""
        ini = "[archive]\nmax_bytes=33554432\nmax_entries=1000\n"
        zeros = b"\0" * (50 << 20)
        bombs = [("nested", zipped({"a.zip": zeros}), "a.zip"), ("tar.gz", tarred({"a": zeros}, "w:gz"), "a.tgz"),
                 ("entries", zipped({f"{number}": b"" for number in range(1001)}), "a.zip"),
                 ("many files of 7z", many_files(8_000_000), "a.7z"),
                 ("many in many", zipped({f"{outer}.zip": zipped({f"{number}": b"" for number in range(100)})
                                          for outer in range(10)}), "a.zip")]
        with self.server(ini) as server:
            for what, content, name in bombs:
                self.expect(server, [(what, mixed(part(content, name)), UNPACK)])
            self.expect(server, [("gzip in gzip", mixed(part(again(gzip.compress, zeros, 9), "a.gz")), DEEP)])
            enough = zipped({f"{number}": b"" for number in range(1000)})
            self.expect(server, [("as many as allowed", mixed(part(enough, "a.zip")), None)])
            half = zipped({f"{number}": b"" for number in range(501)})
            self.expect(server, [("in two archives", mixed(part(half, "a.zip"), part(half, "b.zip")), UNPACK)])

    def test_solid(self):
        """attachment: what must be unpacked to get at an archive in a 7z archive counts, too"""
        evil = mixed(part(SOLID_SEVEN, "a.7z"))
        with self.server() as server:
            self.expect(server, [("as much as there is", evil, unacceptable("n.zip/evil.exe"))])
        with self.server("[archive]\nmax_bytes=150000\n") as server:
            self.expect(server, [("too much", evil, UNPACK)])

    SLOW = "timeout=1\n[archive]\nextensions=tbz,tgz\nmax_bytes=30000000000\nmax_entries=100000\n"

    def slow(self):
        """A message that takes a lot more than a second."""
        bomb = tarred({"zeros": b"\0" * (64 << 20)}, "w:bz2")
        return mixed(part(tarred({f"{number}.tbz": bomb for number in range(400)}, "w:gz"), "a.tgz")) + b".\r\n"

    def test_time(self):
        """attachment: when the time is over the archive counts as one that cannot be unpacked, and the loop is free"""
        message = self.slow()
        with self.server(self.SLOW) as server, Wire(server.port) as slow, Wire(server.port) as quick:
            self.assertEqual(slow.envelope()[:3], b"354")
            began = time.monotonic()
            slow.send(message)
            self.assertEqual(quick.say(EHLO)[:3], b"250")
            self.assertLess(time.monotonic() - began, 0.9)
            self.assertEqual(slow.reply(), UNPACK)
            self.assertGreater(time.monotonic() - began, 0.9)
            self.assertLess(time.monotonic() - began, 10)
            server.logged(r"\[attachment\] unpack\(.*: timeout\)")

    def test_turns(self):
        """attachment: many archives that take long do not keep other mail from being stored, and all are answered"""
        message = self.slow()
        with self.server(self.SLOW.replace("=1", "=3", 1)) as server, contextlib.ExitStack() as clients:
            slow = [clients.enter_context(Wire(server.port)) for _ in range(8)]
            for client in slow:
                self.assertEqual(client.envelope()[:3], b"354")
            began = time.monotonic()
            for client in slow:
                client.send(message)
            self.assertRegex(self.send(server, mixed(part(b"x", "a.png", "image/png"))), QUEUED)
            self.assertLess(time.monotonic() - began, 2.5)
            clients.enter_context(contextlib.closing(slow.pop()))
            self.assertEqual([client.reply() for client in slow], [UNPACK] * 7)
            self.assertLess(time.monotonic() - began, 15)

    def test_size(self):
        """attachment: an attachment that is too large is not looked into, and the results say so; one in memory's bound and
        one beyond it are listed alike"""
        noise = random.Random(2).randbytes(3 << 20)
        big = zipped({"noise": noise, "evil.exe": EXE})
        with self.server("[archive]\nmax_size=2000000\n") as server:
            self.expect(server, [("too large", mixed(part(big, "a.zip")), None)])
            server.logged(r"\[attachment\] too_large\(a\.zip\)")
        before = set(os.listdir(tempfile.gettempdir()))
        with self.server() as server:
            self.expect(server, [
                ("on disk", mixed(part(big, "a.zip")), unacceptable("evil.exe")),
                ("on disk, in another", mixed(part(zipped({"b.zip": big}), "a.zip")), unacceptable("b.zip/evil.exe")),
                ("on disk, tar", mixed(part(tarred({"noise": noise, "evil.exe": EXE}, "w:gz"), "a.tgz")),
                 unacceptable("evil.exe")),
            ])
            left = [name for name in set(os.listdir(tempfile.gettempdir())) - before if "haraka" not in name]
            self.assertEqual([name for name in left if name.startswith("tmpf")], [])

    # ----------------------------------------------------------------------------------------- results, notes, files ----
    def test_notes(self):
        """attachment: notes and results say what was found"""
        code = ('extern int snprintf(char *, unsigned long, const char *, ...); haraka_value v; haraka_str s; char line[2000]; int at = 0; '
                'static const char *const names[] = {"attachment_ctypes", "attachment_files", "attachment_archive_files"}; '
                'for (int n = 0; n < 3; n++) { haraka_note_get(haraka_of_transaction(call->transaction), names[n], &v); '
                'at += snprintf(line + at, sizeof line - at, "%s:", names[n]); '
                'for (size_t i = 0; i < haraka_value_count(&v); i++) { haraka_str t = v.as.list.items[i].as.text; '
                'at += snprintf(line + at, sizeof line - at, " %.*s", (int)t.len, t.ptr); } '
                'at += snprintf(line + at, sizeof line - at, "; "); } '
                'haraka_note_get(haraka_of_transaction(call->transaction), "attachments", &v); '
                'for (size_t i = 0; i < haraka_value_count(&v); i++) { haraka_map m = v.as.list.items[i].as.map; '
                'for (size_t e = 0; e < m.count; e++) { haraka_str k = m.entries[e].key, t = m.entries[e].value.as.text; '
                'at += snprintf(line + at, sizeof line - at, "%.*s=%.*s ", (int)k.len, k.ptr, (int)t.len, t.ptr); } } '
                'haraka_table->log(call->self, HARAKA_LOG_NOTICE, haraka_of_server(), haraka_text(line)); '
                'if (haraka_table->result_collate(haraka_of_transaction(call->transaction), haraka_text("attachment"), &s) == 0) '
                'haraka_table->log(call->self, HARAKA_LOG_NOTICE, haraka_of_server(), s); return HARAKA_CONT;')
        archive = zipped({"b.txt": b"x", "c.zip": zipped({"d.txt": b"y"})})
        message = mixed(part(archive, "A.Zip"), part(b"picture", None, "image/png"))
        sums = [hashlib.md5(content).hexdigest() for content in (archive, b"picture")]
        with self.server(queue=code) as server:
            self.expect(server, [("message", message, None)])
            line = server.logged(r"\[mine\] (attachment_ctypes.*)").group(1)
            self.assertEqual(line.split("; "), [
                "attachment_ctypes: multipart/mixed text/plain application/octet-stream image/png",
                "attachment_files: A.Zip", "attachment_archive_files: b.txt c.zip c.zip/d.txt",
                f"ctype=application/octet-stream filename=A.Zip extension=.zip md5={sums[0]} "
                f"ctype=image/png filename= extension=.unknown md5={sums[1]} "])
            server.logged(r"\[mine\] pass:ctype, filename, archive")
            server.logged(rf'\[INFO\] .*\[attachment\] file="A.Zip" ctype="application/octet-stream" md5={sums[0]} bytes=\d+')

    def test_changes(self):
        """attachment: all files take changes at once; what is no expression is named and left out"""
        evil, odd = mixed(part(EXE, "evil.exe")), mixed(part(b"x", "a.odd"))
        strange = mixed(part(zipped({"a.strange": b"x"}), "a.zip"))
        typed = mixed(part(b"x", "a", "application/strange"))
        with self.server() as server:
            server.configure("attachment.filename.regex", "# one\n(broken\n\\.odd$\n")
            until("the list is taken", lambda: self.send(server, odd) == unacceptable("a.odd"))
            server.logged(r"\[ERROR\] .*attachment\.filename\.regex:2: left out: ")
            self.expect(server, [("no longer listed", evil, None)])
            server.configure("attachment.archive.filename.regex", "STRANGE$\n")
            until("the list is taken", lambda: self.send(server, strange) == unacceptable("a.strange"))
            server.configure("attachment.ctype.regex", "/strange$\n")
            refused = b"550 Message contains unacceptable content type (application/strange)\r\n"
            until("the list is taken", lambda: self.send(server, typed) == refused)
            server.configure("attachment.ini", "disallowed_extensions=exe\n")
            refused = b"550 Message contains disallowed file extension (exe)\r\n"
            until("the file is taken", lambda: self.send(server, evil) == refused)
            server.configure("attachment.ini", "[archive]\nmax_depth=none\n")
            server.logged(r"attachment\.ini: all stays as it was: \[archive\] max_depth: expected a number, 1 to 50")
            self.expect(server, [("as it was", evil, refused)])

    def test_detection_off(self):
        """attachment: without detection only names tell archives"""
        content = zipped({"evil.exe": EXE})
        with self.server("[archive]\ndetect=false\nextensions=zip\n") as server:
            self.expect(server, [
                ("by its start", mixed(part(content, "a.txt")), None),
                ("by its type", mixed(part(content, "a", "application/zip")), None),
                ("by its name", mixed(part(content, "a.zip")), unacceptable("evil.exe")),
            ])


def fixture(text):
    return base64.b64decode("".join(text.split()))


# a.txt and evil.exe.
SEVEN = fixture("""
    N3q8ryccAATwoYTvjAAAAAAAAAAUAAAAAAAAADRkvDzgAfUAD10ANBlJ7o6pz68RmDt+5gAAAOAAegBtXQAAgTMHrg/Pbu6MB7DD2irXWGSss3jO
    VN43zH3WLL4BNyIHDdwtoRTZ6Sl+8aPNYHgmDJYIEBT4AzmS+j1o30wFcwlI2pTGilpUZRRM2nfV3i3YII7jTAJDW97fxrUJFnE8JHdmU5EGPHVM
    hAAAABcGFwEJdQAHCwEAASEhARgMewAA
""")
# n.zip with evil.exe in it, and b.txt.
SEVEN_WITH_ZIP = fixture("""
    N3q8ryccAAR20ea3vQAAAAAAAAAUAAAAAAAAACdawijgAHUAR10AKBK8YCiX1V06UEWtoAfe8uRG4nvjiFExw45s8P8WdKipiDz3XahMlPJDhbfe
    gyI6rDpz8FLD8z/oTgailU2ReRLhEc3RBAAA4ABwAGZdAACBMweuD9K0iL1Au5RkHH7rYmP2uZeSKuCAqxQW/Vw4/7whwYhDZC5KVw0dVBXXY4p1
    WAmwmjD+mIJZeNCSN/1qWUR+ywMB9tlJm5OcQzvd5ZEX2t4EHEpNuBtWII7nJPro22AAAAAXBk8BCW4ABwsBAAEhIQEYDHEAAA==
""")
# a.txt, by the traditional encryption.
ENCRYPTED_ZIP = fixture("""
    UEsDBAoACQAAAIJDdV0gMDo2EgAAAAYAAAAFABwAYS50eHRVVAkAAxRWAWsUVgFrdXgLAAEEAAAAAAQAAAAAJnsRqbCSuctUQIEM5PQuUChMUEsH
    CCAwOjYSAAAABgAAAFBLAQIeAwoACQAAAIJDdV0gMDo2EgAAAAYAAAAFABgAAAAAAAEAAACkgQAAAABhLnR4dFVUBQADFFYBa3V4CwABBAAAAAAE
    AAAAAFBLBQYAAAAAAQABAEsAAABhAAAAAAA=
""")
# a.txt and evil.exe, contents only.
ENCRYPTED_SEVEN = fixture("""
    N3q8ryccAARMCvSMsAAAAAAAAAAWAAAAAAAAANAASm+UFm2Dft54VGrnLBP/P+kNzHzEp86JeSHZ2/CYWqFE7eAAkgCIXQAAgTMHrg/QDv4RXzcn
    4yIVGndPCldScSaRmCx62r6XhdAB24s88UhqJe4BHh8bst6wOifbmrri6q1dYzSsjdEWu0EUeW/ngfDnXKJilMTwEbE2oW4yHS9/O+biCBF3FWEb
    0WiP+cNUfui+5W7jbLE4Sgp5ARoKVm4dz4gWrWkqkID8AnGL6AAAABcGIAEJgJAABwsBAAEhIQEYDICTAAA=
""")
# The names, too.
SEALED_SEVEN = fixture("""
    N3q8ryccAARt0wVJgAAAAAAAAAAoAAAAAAAAAETVia//iNWHaNA0/13le+uCtJA+z92RQ/umCbDQRfKQD2Zfwf2QpRWISj+frwLE80b4H1d9pccp
    bjQX2jx7fAjAhhAgadlH9SpYJySxKO7pKRJA4vbsBhM9c/FfwH8++ZBanoNdn5wmNKIMowWc1ZmArg99UJKhk5vWvYIJahrualEiMBcGEAEJcAAH
    CwEAASQG8QcBElMPqVABDEf/VL4/3IdObHfwDgxrAAA=
""")
# 200,000 zeros, and behind them n.zip with evil.exe in it.
SOLID_SEVEN = fixture("""
    N3q8ryccAASmo7WgHgEAAAAAAAAVAAAAAAAAAHD1CuvjDbIAoF0AAG/9//+jt/9HPkgVcjlhUbiSKOajhgf57uQegtMvxTo8AUuxfsmKik0vow3Z
    f6bjjCMRU+BZGMV1iuJ3+LaUfwxqwN50SWTi6VxTsgTY90QMq18NbUbp5cN2iLd/P+nHRx8EQWdMmjQUHeHOF2NJibiPrdygo9qDYu9nHTNAHE4y
    ZLjkcnVF+0/V7k6rjYiW6b/sFvsuCSRru5Six+EYAADgAHgAbl0AAIEzB64P1TCKWxck0c/j92TRWslv34CaU9vhKjUrKfg4rBTUpBtABlxCCLXN
    5hcHE31AqQXwOkqxiIxRjLnCUpFN6xi8rUNodd9T1HeW2Ext58tHYYcbkEOAeR1jB8+AZ/IHpihISVvDoDMAAAAAFwaAqAEJdgAHCwEAASEhARgM
    eQAA
""")

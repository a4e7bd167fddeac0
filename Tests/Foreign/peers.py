"""Servers that receive mail, for tests of deliveries: real ones, each in a folder of its own and ended with its test, and one in
Python that misbehaves as a test says. All listen on loopback.

    with Sink("-f", "RCPT") as sink: ...            # Postfix's smtp-sink; its options are its own
    with Postfix() as peer, OpenSMTPD() as other, DovecotLMTP() as lmtp: ...
    with Peer(replies={"RCPT": ["451 4.7.1 later", "250 ok"]}) as peer: ...

`port` is where it listens, `messages()` what has arrived. What a peer needs and this machine has not fails the test, with the
command that installs it.
"""
import contextlib
import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from peer import Peer, Received  # noqa: F401, for those who import from here
from server import BUILD, LIMIT, read, until

NOBODY = 65534
CACHE = os.path.join(BUILD, "peers")
# What OpenSMTPD needs besides the C library; its package conflicts with postfix, so it is unpacked and not installed.
OPENSMTPD = ["opensmtpd", "libdb5.3", "libevent-2.1-7"]


def program(name, package):
    """The path of a program; a test fails that needs one which is not there."""
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/lib/postfix/sbin")
    if not found:
        raise AssertionError(f"{name} is missing: apt-get install --no-install-recommends {package}")
    return found


def root_only(what):
    if os.getuid() != 0:
        raise AssertionError(f"{what} begins as root: sudo -E Scripts/test-foreign")


def free_port(address="127.0.0.1"):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def answers(address, port):
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=2) as client:
        return client.recv(4)[:3] == b"220"
    return False


class Program:
    """A real server; `with` starts it and ends it."""

    address = "127.0.0.1"

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="haraka-peer-")
        os.chmod(self.folder, 0o755)
        self.log = os.path.join(self.folder, "log")
        self.mail = self.inside("mail")
        self.process = None
        try:
            # Somebody else may take the port before the program does.
            for _ in range(5):
                self.port = free_port()
                if self.begin():
                    return self
            raise AssertionError(f"{type(self).__name__} does not start:\n{self.read_log()}")
        except BaseException:
            self.__exit__()
            raise

    def inside(self, name, owner=NOBODY):
        """A folder of the peer's."""
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        if os.getuid() == 0:
            os.chown(path, owner, owner)
        return path

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def begin(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True, **self.user())
        end = time.monotonic() + LIMIT
        while time.monotonic() < end and self.process.poll() is None:
            if answers(self.address, self.port):
                return True
            time.sleep(0.02)
        self.end()
        return False

    def user(self):
        """Whom it runs as."""
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}

    def end(self):
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            pass
        # Its children are of its session, which nobody else is.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(LIMIT)
        self.process = None

    def __exit__(self, *_):
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)
        return False

    def read_log(self):
        return read(self.log).decode("utf-8", "replace") if os.path.exists(self.log) else ""

    def messages(self):
        """Each message that was delivered, as it is stored, oldest first."""
        paths = glob.glob(f"{self.mail}/**/new/*", recursive=True)
        return [read(path) for path in sorted(paths, key=lambda path: (os.stat(path).st_mtime_ns, path))]

    def received(self, count=1, limit=LIMIT):
        """Waits for them."""
        return until(f"{count} messages at {type(self).__name__}",
                     lambda: found if len(found := self.messages()) >= count else None, limit)


class Sink(Program):
    """Postfix's smtp-sink with `options`: `-f RCPT` refuses, `-r` for now, `-q` disconnects, `-Q` says 421 before it, `-w 2` is
    slow, `-B` and `-b` have other words, `-e` knows no EHLO, `-L` speaks LMTP, `-8`, `-p`, `-N` leave out extensions, ..."""

    def __init__(self, *options):
        self.options = options

    def command(self):
        return [program("smtp-sink", "postfix"), *self.options, "-h", "sink.example.net", "-d", f"{self.mail}/%s.",
                f"{self.address}:{self.port}", "200"]

    def messages(self):
        """[Received], in the order of arrival."""
        found = []
        for path in sorted(glob.glob(f"{self.mail}/*"), key=lambda path: (os.stat(path).st_mtime_ns, path)):
            if (one := dumped(read(path))) is not None:
                found.append(one)
        return found


def dumped(data):
    """A file of smtp-sink: fields of its own, a Received field, the message with LF. None: it is not complete."""
    head, fields = [], data.split(b"\n")
    if not data.endswith(b"\n"):
        return None
    while fields and fields[0].startswith(b"X-"):
        head.append(fields.pop(0))
    # Its own Received field has four lines, the last of which begins with a tab as all but the first do.
    if not fields or not fields[0].startswith(b"Received: from "):
        return None
    fields.pop(0)
    while fields and fields[0].startswith(b"\t"):
        fields.pop(0)
    mail = next((line for line in head if line.startswith(b"X-Mail-Args: ")), b"")
    recipients = [line[13:] for line in head if line.startswith(b"X-Rcpt-Args: ")]
    one = Received(mail[13:], recipients)
    # An empty line of its own follows the message.
    one.data = b"\r\n".join(fields[:-1])
    return one


class Postfix(Program):
    """smtpd, cleanup, qmgr and virtual of Postfix, which take mail to any address and put it into one Maildir."""

    SERVICES = """127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

    def __init__(self, **settings):
        self.settings = settings  # more of main.cf

    def command(self):
        root_only("Postfix")
        postfix = program("postfix", "postfix")
        config = self.inside("config", 0)
        data = self.inside("data")
        shutil.chown(data, "postfix")
        settings = {
            "compatibility_level": "3.6", "queue_directory": self.inside("queue", 0), "data_directory": data,
            "mail_owner": "postfix", "setgid_group": "postdrop", "myhostname": "peer.example.net", "mydestination": "",
            "alias_maps": "", "alias_database": "", "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4",
            "mynetworks": "", "virtual_mailbox_domains": "static:ALL", "virtual_mailbox_base": self.mail,
            "virtual_mailbox_maps": "static:inbox/", "virtual_uid_maps": f"static:{NOBODY}",
            "virtual_gid_maps": f"static:{NOBODY}", "smtpd_relay_restrictions": "reject_unauth_destination",
            "maillog_file": "/dev/stdout", "message_size_limit": "104857600",
            "virtual_mailbox_limit": "0", "mailbox_size_limit": "0", **self.settings}
        self.write("config/main.cf", "".join(f"{key} = {value}\n" for key, value in settings.items()))
        self.write("config/master.cf", self.SERVICES.format(port=self.port))
        return [postfix, "-c", config, "start-fg"]

    def user(self):
        return {}

    def end(self):
        if self.process is not None:
            with contextlib.suppress(OSError):
                subprocess.run([program("postfix", "postfix"), "-c", os.path.join(self.folder, "config"), "abort"],
                               capture_output=True, timeout=LIMIT, check=False)
        super().end()


class OpenSMTPD(Program):
    """OpenSMTPD, which takes mail to any address and puts it into a Maildir for each local part. Its paths are built in, so it
    gets a root of its own: the system's /usr with the package's laid over it."""

    CONFIG = """table catch {{ "@" = "nobody" }}
listen on 127.0.0.1 port {port} hostname peer.example.net
action "in" maildir "/mail/%{{rcpt.user}}" virtual <catch>
match from any for any action "in"
"""
    # $1 the new root, $2 the unpacked packages, $3 smtpd.conf, $4 where mail goes.
    START = """set -eu
mount -t tmpfs none "$1"
cd "$1"
mkdir -p usr etc var/spool/smtpd var/run var/lib/opensmtpd/empty dev proc tmp mail
chmod 711 var/spool/smtpd
mount -t overlay overlay -o "lowerdir=$2/usr:/usr" usr
for name in bin sbin lib lib64; do [ ! -e /$name ] || cp -P /$name .; done
mount --rbind /dev dev
mount --bind "$4" mail
cp /etc/nsswitch.conf /etc/hosts etc/
printf '%s\\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534:nobody:/mail:/bin/sh \
    opensmtpd:x:990:990::/var/lib/opensmtpd/empty:/bin/false opensmtpq:x:991:991::/var/lib/opensmtpd/empty:/bin/false > etc/passwd
printf '%s\\n' root:x:0: nogroup:x:65534: opensmtpd:x:990: opensmtpq:x:991: > etc/group
echo peer.example.net > etc/mailname
cp "$3" etc/smtpd.conf
exec chroot . /usr/sbin/smtpd -d
"""

    def command(self):
        root_only("OpenSMTPD")
        start = self.write("start", self.START)
        config = self.write("smtpd.conf", self.CONFIG.format(port=self.port))
        return ["unshare", "--mount", "--propagation", "private", "sh", start, self.inside("root", 0), unpacked(OPENSMTPD),
                config, self.mail]

    def user(self):
        return {}


def unpacked(packages):
    """The folder with the contents of Debian packages, fetched once."""
    folder = os.path.join(CACHE, packages[0])
    if os.path.isdir(folder):
        return folder
    os.makedirs(CACHE, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        os.chmod(scratch, 0o755)
        command = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *packages]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise AssertionError(f"cannot fetch {packages}; apt-get update && (cd {CACHE} && {' '.join(command)})\n{done.stderr}")
        target = os.path.join(scratch, "root")
        for package in glob.glob(f"{scratch}/*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, target], check=True, timeout=60)
        os.rename(target, folder)
    return folder


class DovecotLMTP(Program):
    """Dovecot's LMTP, which takes mail to any address and puts it into a Maildir for each local part."""

    CONFIG = """protocols = lmtp
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
ssl = no
mail_location = maildir:{mail}/%n
first_valid_uid = 1
userdb {{
  driver = static
  args = uid={user} gid={group} home={mail}/%n allow_all_users=yes
}}
passdb {{
  driver = static
  args = nopassword=y
}}
service lmtp {{
  chroot =
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""

    def command(self):
        import grp
        import pwd
        dovecot = program("dovecot", "dovecot-lmtpd")
        if not os.path.exists("/usr/lib/dovecot/lmtp"):
            raise AssertionError("Dovecot's LMTP is missing: apt-get install --no-install-recommends dovecot-lmtpd")
        if os.getuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        user = NOBODY if os.getuid() == 0 else os.getuid()
        group = NOBODY if os.getuid() == 0 else os.getgid()
        config = self.write("dovecot.conf", self.CONFIG.format(
            folder=self.folder, mail=self.mail, port=self.port, user=pwd.getpwuid(user).pw_name,
            group=grp.getgrgid(group).gr_name))
        self.path = os.path.join(self.folder, "lmtp")
        return [dovecot, "-F", "-c", config]

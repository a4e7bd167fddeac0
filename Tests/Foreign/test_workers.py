"""Processes: workers that serve, end and are replaced; reload over all of them; background; users. docs/processes.md."""
import os
import pwd
import re
import signal
import subprocess
import unittest

from inline import NOTHING
from server import (GENERATION_ENDED, HARAKA, LIMIT, WORKER_AT_FAULT, WORKER_SERVES, WORKERS_REPLACED, compile_plugin, read,
                    until)
from test_reload import Load as SMTPSource
from wire import EHLO, QUEUED
from workers import MAIL, RCPT, STAMP, WORKERS, Client, Nodes, WorkersTest

# Registers as often as config/limit says in all processes together, then refuses.
REFUSES_LATER = r"""
    #include <fcntl.h>
    #include <stdio.h>
    #include <unistd.h>
    HARAKA_REGISTER(self)
    {
        haraka_value limit;
        char path[512];
        int64_t number;
        if (haraka_config_get(self, "limit", HARAKA_CONFIG_VALUE, "", &limit) < 0) return HARAKA_E_STATE;
        for (number = 0; number < haraka_value_integer(&limit, 100); number++) {
            snprintf(path, sizeof path, FOLDER "/registered-%d", (int)number);
            if (open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) >= 0) return HARAKA_SUCCESS;
        }
        return HARAKA_E_UNSUPPORTED;
    }
"""
# Says as whom it is mapped, before the server has called anything of it.
WHOSE = r"""
    #include <stdio.h>
    #include <unistd.h>
    static char line[64];
    __attribute__((constructor)) static void mapped(void)
    {
        snprintf(line, sizeof line, "mapped by uid %d, euid %d, gid %d", (int)getuid(), (int)geteuid(), (int)getgid());
    }
    HARAKA_REGISTER(self)
    {
        haraka_log(self, HARAKA_LOG_NOTICE, haraka_of_server(), line);
        return HARAKA_SUCCESS;
    }
"""
# Says in which processes init_master and init_child are asked.
INITS = NOTHING + r"""
    #include <stdio.h>
    #include <unistd.h>
    static void tell(const haraka_call *call, const char *hook)
    {
        char line[64];
        snprintf(line, sizeof line, "%s in process %d", hook, (int)getpid());
        haraka_log(call->self, HARAKA_LOG_NOTICE, haraka_of_server(), line);
    }
    HARAKA_HOOK(init_master) { tell(call, "init_master"); return HARAKA_CONT; }
    HARAKA_HOOK(init_child) { tell(call, "init_child"); return HARAKA_CONT; }
"""


def is_alive(process):
    """It runs, or is about to: not a process that has ended and whose end nobody has asked for yet."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def uids(process):
    with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:
        return next(set(line.split()[1:]) for line in file if line.startswith("Uid:"))


class Workers(WorkersTest):
    def test_both_serve(self):
        """workers: nodes=2 is a delivery worker and two that serve, and the supervisor maps no plugin"""
        with Nodes() as server:
            with server.pair() as pair:
                serving = {client.who().pid for client in pair}
                for number, client in enumerate(pair):
                    self.assertEqual(client.deliver(number)[:4], b"250 ")
            self.assertEqual(sorted(server.numbers()), ["0", "1"])
            children = server.children()
            self.assertEqual(len(children), WORKERS)
            self.assertTrue(serving < children)
            self.assertEqual({worker["role"] for pid, worker in server.workers().items() if pid in serving}, {"smtp"})
            with open(f"/proc/{server.process.pid}/maps", encoding="utf-8") as maps:
                self.assertNotRegex(maps.read(), r"(?m)^\S+ ..x\S+ .*(memfd:|/plugins/)")
            until("a line for each worker", lambda: len(re.findall(WORKER_SERVES, "\n".join(server.lines))) == WORKERS)

    def test_inits(self):
        """workers: init_master is asked in the delivery worker, init_child in the others; a reload asks them anew"""
        with Nodes(["inits"], {"inits": self.plugin("inits", INITS)}) as server:
            def asked(hook):
                return [int(process) for process in re.findall(rf"{hook} in process (\d+)", "\n".join(server.lines))]
            serving = {pid for pid, worker in server.workers().items() if worker["role"] == "smtp"}
            for times in (1, 2):
                until("init_child", lambda: len(asked("init_child")) == 2 * times)
                self.assertEqual(set(asked("init_child")), serving)
                until("init_master", lambda: len(asked("init_master")) == times)
                self.assertEqual(set(asked("init_master")), server.children() - serving)
                if times == 1:
                    self.succeeded(server.reload())

    def test_killed(self):
        """workers: one that is killed is named and replaced at once, the clients of the other notice nothing"""
        with Nodes() as server, server.pair() as (doomed, other):
            who, neighbour = doomed.who(), other.who()
            os.kill(who.pid, signal.SIGKILL)
            self.assertEqual(doomed.reply(), b"")
            self.assertEqual(int(server.logged(WORKER_AT_FAULT)[2]), who.pid)
            self.serves(server)
            with server.pair(besides=[who.pid]) as pair:
                self.assertIn(neighbour.pid, {client.who().pid for client in pair})
            self.assertEqual(other.who(), neighbour)
            self.assertEqual(len(server.children()), WORKERS)

    def test_delivery_killed(self):
        """workers: the delivery worker is replaced too"""
        with Nodes() as server:
            old = next(pid for pid, worker in server.workers().items() if worker["role"] == "delivery")
            os.kill(old, signal.SIGKILL)
            until("a new one", lambda: any(
                worker["role"] == "delivery" and worker["state"] == "serving"
                for pid, worker in server.workers().items() if pid != old))
            self.serves(server)

    def test_drains(self):
        """workers: with graceful_shutdown SIGTERM lets a message finish, and tells who is idle at once"""
        with Nodes(smtp="graceful_shutdown=true\n") as server:
            with server.pair() as (busy, idle):
                for command in (EHLO, MAIL, RCPT):
                    self.assertEqual(busy.say(command)[:3], b"250")
                self.assertEqual(busy.say(b"DATA\r\n")[:3], b"354")
                server.process.send_signal(signal.SIGTERM)
                self.assertEqual(idle.reply()[:4], b"421 ")
                self.assertIsNone(server.process.poll())
                self.assertRegex(busy.say(b"X-Number: 1\r\n\r\ny\r\n.\r\n"), QUEUED)
                self.assertEqual(busy.reply()[:4], b"421 ")
            self.assertEqual(server.process.wait(LIMIT), 0)
            self.assertEqual(server.numbers(), ["1"])

    def test_second_interrupt(self):
        """workers: a second SIGINT ends everything at once, with status 1"""
        with Nodes(smtp="graceful_shutdown=true\n") as server, server.pair() as (busy, _):
            children = server.children()
            for command in (EHLO, MAIL):
                self.assertEqual(busy.say(command)[:3], b"250")
            self.assertEqual(busy.say(RCPT + b"DATA\r\n")[:3], b"250")
            server.process.send_signal(signal.SIGINT)
            server.logged("SIGINT received")
            self.assertEqual(server.stop(signal.SIGINT), 1)
            until("all workers have ended", lambda: not any(map(is_alive, children)), limit=5)

    def test_supervisor_killed(self):
        """workers: when the supervisor is killed its workers end by themselves, and a new server can start"""
        with Nodes() as server:
            children = server.children()
            self.assertEqual(len(children), WORKERS)
            server.process.kill()
            server.process.wait()
            until("the workers have ended", lambda: not any(map(is_alive, children)), limit=10)
            server.reader.join(LIMIT)
            server.process.stdout.close()
            server.lines, server.ports = [], []
            server.start()
            self.serves(server)
            self.assertEqual(server.builds(), {"1"})


class Reload(WorkersTest):
    def test_reload(self):
        """workers: after a reload new connections of both have the new build, those that are open the old one"""
        with Nodes(who="old") as server, server.pair() as early:
            server.build_who("new")
            self.succeeded(server.reload())
            self.assertEqual({server.who().build for _ in range(40)}, {"new"})
            self.assertEqual(server.builds(), {"new"})
            self.assertEqual([client.who().build for client in early], ["old", "old"])
            self.assertEqual([client.deliver(1)[:4] for client in early], [b"250 "] * 2)
            self.assertEqual({worker["generation"] for worker in server.workers().values()}, {2})
            # Where no connection holds it, the old generation has ended already.
            until("its end in the delivery worker", lambda: server.found(GENERATION_ENDED))
            for client in early:
                client.close()
            until("its end in all", lambda: len(re.findall(GENERATION_ENDED, "\n".join(server.lines))) == WORKERS)

    def test_one_refusal(self):
        """workers: when one process cannot load the new set nobody uses it, and the reason is told"""
        folder = os.path.join(self.scratch, "registered")
        os.mkdir(folder)
        late = self.plugin("late", REFUSES_LATER, f'-DFOLDER="{folder}"')
        with Nodes(["late"], {"late": late}, config={"limit": f"{2 * WORKERS - 1}\n"}, who="old") as server:
            server.build_who("new")
            with server.pair() as early:
                reloaded = server.reload()
                said = reloaded.stdout + reloaded.stderr
                self.assertEqual(reloaded.returncode, 1, said)
                self.assertIn("plugin late", said)
                self.assertEqual([client.who().build for client in early], ["old"] * 2)
            self.assertEqual({server.who().build for _ in range(20)}, {"old"})
            self.assertEqual(server.builds(), {"old"})
            self.assertIsNone(server.found(WORKER_AT_FAULT))
            server.configure("limit", "100\n")
            self.succeeded(server.reload())
            self.assertEqual(server.builds(), {"new"})

    def test_graceful(self):
        """workers: --graceful replaces every process, no client under load fails, an idle connection stays usable"""
        objects = {"stamp": compile_plugin(STAMP, os.path.join(self.scratch, "stamp.so"), '-DBUILD="1"')}
        with Nodes(["stamp"], objects) as server:
            before = server.children()
            with server.client() as idle:
                old = idle.who()
                load = SMTPSource(server, [])
                try:
                    until("the load has begun", lambda: load.sent > 0 or load.failures)
                    replaced = server.haraka("--graceful")
                    self.succeeded(replaced)
                    self.assertRegex(replaced.stdout, WORKERS_REPLACED)
                    sent = load.sent
                    until("the load goes on", lambda: load.failures or load.sent >= sent + 40)
                finally:
                    load.stop()
                self.assertEqual(load.failures, [])
                self.assertEqual(len(server.messages()), load.sent)
                self.assertEqual(idle.who(), old)
                self.assertEqual(idle.deliver("idle")[:4], b"250 ")
                with server.pair(besides=before):
                    pass
                self.assertEqual(idle.say(b"QUIT\r\n")[:4], b"221 ")
            until("the old processes have ended", lambda: not any(map(is_alive, before)))
            until("nobody else is there", lambda: len(server.children()) == WORKERS)
            self.assertFalse(before & server.children())
            self.assertIsNone(server.found(WORKER_AT_FAULT))

    def test_graceful_in_one_process(self):
        """workers: --graceful without workers is an error that says so"""
        with Nodes(config={"smtp.ini": "listen=127.0.0.1:0\nnodes=0\n"}) as server:
            done = server.haraka("--graceful")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("Graceful restart not possible without `nodes`", done.stdout + done.stderr)


class Background(WorkersTest):
    """daemonize=true."""

    def prepare(self):
        super().prepare()
        self.pid_file = os.path.join(self.scratch, "haraka.pid")
        self.log_file = os.path.join(self.scratch, "haraka.log")
        self.daemon = Nodes(smtp="daemonize=true\n"
                                 f"daemon_pid_file={self.pid_file}\ndaemon_log_file={self.log_file}\n")
        self.addCleanup(self.daemon.abandon)
        self.addCleanup(self.end)

    def run_command(self):
        return subprocess.run([HARAKA, "-c", self.daemon.folder], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=LIMIT, check=False)

    def owner(self):
        return int(read(self.pid_file) or b"0") if os.path.exists(self.pid_file) else 0

    def end(self):
        if process := self.owner():
            if is_alive(process):
                os.kill(process, signal.SIGTERM)
            until("the server in the background has ended", lambda: not is_alive(process), limit=15)

    def starts(self):
        """The command is back, and the server serves at that moment."""
        done = self.run_command()
        self.assertEqual(done.returncode, 0, done)
        # The server listens, which its log says a moment later.
        ports = until("the port in the log", lambda: re.findall(
            r"Listening on 127\.0\.0\.1:(\d+)", read(self.log_file).decode()))
        with Client(int(ports[-1])) as client:
            self.assertEqual(client.deliver(1)[:4], b"250 ")
        return self.owner()

    def test_background(self):
        """background: the command ends when the server is ready, a second one is refused, the end removes the pid file"""
        process = self.starts()
        self.assertTrue(is_alive(process))
        self.assertEqual(len(self.daemon.children(process)), WORKERS)
        with open(f"/proc/{process}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        self.assertEqual(int(fields[4]), 0, "it has no terminal")
        second = self.run_command()
        self.assertEqual(second.returncode, 255, second)
        self.assertRegex(second.stderr, r"\Aerror: .*(already|runs)")
        self.assertEqual(self.owner(), process)
        os.kill(process, signal.SIGTERM)
        until("its end", lambda: not is_alive(process))
        self.assertFalse(os.path.exists(self.pid_file))

    def test_leftover(self):
        """background: the pid file of a server that is no more is no obstacle"""
        with open(self.pid_file, "w", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        self.assertNotEqual(self.starts(), os.getpid())

    def test_failure(self):
        """background: a server that cannot start is an error of the command, with the reason"""
        self.daemon.configure("plugins", "not_there\n")
        done = self.run_command()
        self.assertEqual(done.returncode, 255, done)
        self.assertRegex(done.stderr, r"\Aerror: ")
        self.assertIn("not_there", done.stderr)
        self.assertFalse(os.path.exists(self.pid_file))


class Privileges(WorkersTest):
    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_user(self):
        """workers: with user= all processes are that user's before the first plugin is mapped"""
        nobody = pwd.getpwnam("nobody")
        server = Nodes(["whose"], {"whose": self.plugin("whose", WHOSE)}, smtp="user=nobody\n")
        for folder, _, names in os.walk(server.folder):
            for name in ["", *names]:
                os.chown(os.path.join(folder, name), nobody.pw_uid, nobody.pw_gid)
        with server:
            whose = f"mapped by uid {nobody.pw_uid}, euid {nobody.pw_uid}, gid {nobody.pw_gid}"
            until("the plugin says so in each", lambda: sum(whose in line for line in server.lines) == WORKERS)
            self.assertEqual(sum("mapped by uid" in line for line in server.lines), WORKERS)
            for process in {server.process.pid, *server.children()}:
                self.assertEqual(uids(process), {str(nobody.pw_uid)})
            self.serves(server)
            # A worker that is started later is nobody's too.
            old = server.who().pid
            os.kill(old, signal.SIGKILL)
            with server.pair(besides=[old]):
                pass
            until("the plugin says so again", lambda: sum(whose in line for line in server.lines) == WORKERS + 1)
            self.succeeded(server.reload())

"""haraka plugin check, info and new; haraka -p. docs/plugin-check.md."""
import glob
import hashlib
import json
import os
import subprocess
import tempfile

from server import BUILD, HARAKA, ROOT, ForeignTest, Server, compile_plugin, read

PLUGINS = os.path.join(BUILD, "lib", "haraka", "plugins")
ZOO = os.path.join(ROOT, "Tests", "ABI", "zoo")
LIMIT = 180

# A plugin that misbehaves -> which test finds it, and what that says.
FAULTS = {
    "fault_abort": ("contract.normal", "crashed with SIGABRT in the hook rcpt"),
    "fault_closes": ("contract.normal", "closed or replaced a descriptor that is not its own"),
    "fault_crash_cancel": ("next.client_gone", "crashed with SIGSEGV in a cancel callback (when the client had left)"),
    "fault_crash_config": ("load.config_change", "SIGSEGV in the callback for a changed configuration file"),
    "fault_crash_data": ("contract.normal", "crashed with SIGSEGV in a destroy function (in the hook rcpt)"),
    "fault_crash_hook": ("contract.empty", "crashed with SIGSEGV in the hook rcpt, with empty arguments"),
    "fault_crash_job": ("contract.normal", "crashed with SIGSEGV in a job"),
    "fault_crash_note": ("contract.normal", "crashed with SIGSEGV in a destroy function (after the hook rcpt)"),
    "fault_crash_post": ("contract.normal", "crashed with SIGSEGV in a posted callback"),
    "fault_crash_register": ("load.register", "crashed with SIGSEGV in haraka_register"),
    "fault_crash_shutdown": ("reload.live", "crashed with SIGSEGV in haraka_shutdown"),
    "fault_crash_timer": ("contract.normal", "crashed with SIGSEGV in a timer"),
    "fault_crlf": ("contract.normal", "a reply holds CR, NUL or another control character"),
    "fault_double_free": ("contract.normal", "crashed with SIGABRT in the hook rcpt"),
    "fault_exit_0": ("contract.normal", "ended the whole process (status 0) in the hook rcpt"),
    "fault_exit_3": ("contract.normal", "ended the whole process (status 3) in the hook rcpt"),
    "fault_exit_now": ("contract.normal", "ended the whole process (status 0) in the hook rcpt"),
    "fault_leaks": ("data.descriptors", "left 50 descriptors open after 50 messages"),
    "fault_log": ("contract.log", "logged 1024 lines (1048576 bytes) in one call of the hook rcpt"),
    "fault_long_reply": ("contract.normal", "answered with a malformed reply"),
    "fault_loop": ("contract.normal", "did not come back within 10 s in the hook rcpt"),
    "fault_overflow": ("contract.normal", "crashed with SIGABRT in the hook rcpt"),
    "fault_sleep": ("contract.loop", "in the hook rcpt"),
    "fault_stack": ("contract.normal", "crashed with SIGSEGV in the hook rcpt"),
    "fault_thread": ("reload.many", "threads behind after 45 reloads"),
    "fault_thread_crash": ("data.small", "crashed with SIGSEGV in a thread of its own"),
    # What the rest of the zoo does wrong.
    "answers_twice": ("contract.normal", "ran callback multiple times"),
    "junk_answers": ("contract.normal", "ran callback multiple times"),
    "messages": ("data.small", "did not release 1 message"),
    "never_answers": ("next.answers", "timed out on hook mail"),
    "no_register": ("static.entry", "exports no haraka_register"),
    "unknown_method": ("load.register", "has no such method"),
    "unresolved": ("static.symbols", "needs the symbol a_function_that_nobody_has"),
    "wrong_abi": ("static.abi", "was built for plugin ABI 0.99"),
    "wrong_thread": ("contract.normal", "outside of the loop's thread"),
}

# C code -> which test finds it, and what that says. `hooks` is what the note says.
OWN = {
    "constructor_prints": ("load.constructors", "wrote 5 bytes to standard output", "", """
        #include <unistd.h>
        __attribute__((constructor)) static void begin(void) { if (write(1, "hello", 5) < 0) return; }
        HARAKA_REGISTER(self) { (void)self; return 0; }"""),
    "constructor_opens": ("load.constructors", "left the descriptor", "", """
        #include <fcntl.h>
        __attribute__((constructor)) static void begin(void) { if (open("/dev/null", O_RDONLY) < 0) return; }
        HARAKA_REGISTER(self) { (void)self; return 0; }"""),
    "handler": ("load.register", "changed the handling of SIGTERM", "", """
        #include <signal.h>
        HARAKA_REGISTER(self) { (void)self; signal(SIGTERM, SIG_IGN); return 0; }"""),
    "locale": ("load.register", "changed the locale", "", """
        #include <locale.h>
        HARAKA_REGISTER(self) { (void)self; setlocale(LC_ALL, "C.UTF-8"); return 0; }"""),
    "environment": ("load.register", "changed the environment", "", """
        #include <stdlib.h>
        HARAKA_REGISTER(self) { (void)self; setenv("HARAKA_X", "1", 1); return 0; }"""),
    "folder": ("load.register", "changed the working directory to /", "", """
        #include <unistd.h>
        HARAKA_REGISTER(self) { (void)self; return chdir("/"); }"""),
    "umask": ("load.register", "changed the umask", "", """
        #include <sys/stat.h>
        HARAKA_REGISTER(self) { (void)self; umask(0123); return 0; }"""),
    "silent": ("load.hooks", "registers on mail, which the note does not say", "", """
        HARAKA_REGISTER(self) { (void)self; return 0; }
        HARAKA_HOOK(mail) { (void)call; return 0; }"""),
    "believes": ("load.foreign_host", "registers with a host of plugin ABI 9.0", "", """
        int32_t haraka_register(const haraka_host *host, haraka_self self) { (void)host; (void)self; return 0; }"""),
    "needs_regex": ("load.no_services", "its note names none", "", """
        HARAKA_REGISTER(self)
        { (void)self; return haraka_service(haraka_table, "regex/1") ? 0 : HARAKA_E_UNSUPPORTED; }"""),
    "exact": ("load.newer_host", "does not load with a newer host", "", """
        HARAKA_REGISTER(self) { (void)self; return haraka_table->size == sizeof(haraka_host) ? 0 : HARAKA_E_ABI; }"""),
    "junk_code": ("contract.normal", "answered with the code 77", "mail", """
        HARAKA_REGISTER(self) { (void)self; return 0; }
        HARAKA_HOOK(mail) { (void)call; return 77; }"""),
    "big": ("contract.long", "crashed with SIG", "rcpt", """
        #include <string.h>
        static char copy[4096];
        static void *volatile sink = copy;
        HARAKA_REGISTER(self) { (void)self; return 0; }
        HARAKA_HOOK(rcpt)
        {
            char text[1024];
            const haraka_address *to = haraka_argument_address(call, 0);
            if (to && to->user.len > 1024) __builtin_trap();
            if (to) memcpy(text, to->user.ptr, to->user.len);
            memcpy(sink, text, 1024);
            return 0;
        }"""),
    "mixes": ("data.interleaved", "puts what belongs to one client into the message of another", "rcpt data_post", """
        #include <string.h>
        static char last[200];
        HARAKA_REGISTER(self) { (void)self; return 0; }
        HARAKA_HOOK(rcpt)
        {
            const haraka_address *to = haraka_argument_address(call, 0);
            const size_t count = to && to->user.len < 199 ? to->user.len : 0;
            if (to) memcpy(last, to->user.ptr, count);
            last[count] = 0;
            return 0;
        }
        HARAKA_HOOK(data_post) { haraka_header_add(call->transaction, "X-To", haraka_text(last)); return 0; }"""),
    "no_shutdown": ("reload.shutdown", "did not answer haraka_shutdown within 4 s", "", """
        HARAKA_REGISTER(self) { (void)self; return 0; }
        HARAKA_SHUTDOWN() { (void)call; return HARAKA_PENDING; }"""),
    "exit_handler": ("load.register", "crashed with SIGILL while the process ended", "", """
        #include <stdlib.h>
        static void end(void) { __builtin_trap(); }
        HARAKA_REGISTER(self) { (void)self; atexit(end); return 0; }"""),
}


def tool(*arguments, **more):
    return subprocess.run([HARAKA, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
                          check=False, **more)


class PluginTool(ForeignTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="haraka-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def animal(self, name, *flags):
        """An animal of the zoo, which does always what it does at times."""
        given = ["-I", ZOO, "-O1", f'-DZOO_NAME="{name}"', "-DFAULT_ALWAYS", "-Wno-error", *flags]
        return compile_plugin(os.path.join(ZOO, f"{name}.c"), os.path.join(self.scratch, f"{name}.so"), *given)

    def own(self, name, hooks, text):
        source = os.path.join(self.scratch, f"{name}.c")
        with open(source, "w", encoding="ascii") as out:
            out.write("#include <haraka/plugin.h>\n"
                      f'HARAKA_PLUGIN("{name}", "1.0", "For a test", HARAKA_HOOKS("{hooks}"));\n')
            out.write(text + "\n")
        return compile_plugin(source, os.path.join(self.scratch, f"{name}.so"), "-fvisibility=hidden")

    def check(self, path, *more):
        """Exit status, and by the name of each test that is not in order what it found."""
        done = tool("plugin", "check", path, "--json", *more)
        self.assertIn(done.returncode, (0, 1), done)
        report = json.loads(done.stdout)
        self.assertEqual(report["fit"], done.returncode == 0)
        self.assertEqual(report["failed"] > 0, done.returncode == 1)
        found = {f"{test['group']}.{test['name']}": [finding["text"] for finding in test["findings"]]
                 for test in report["tests"] if test["status"] in ("failed", "warning")}
        return done.returncode, found

    # ------------------------------------------------------------------------------------------------------- check ----
    def test_bundled(self):
        """plugin check: every bundled plugin is fit to ship"""
        objects = glob.glob(f"{PLUGINS}/*.so") + glob.glob(f"{PLUGINS}/*/*.so")
        self.assertGreaterEqual(len(objects), 8)
        for path in objects:
            with self.subTest(path=path):
                status, found = self.check(path)
                self.assertEqual(status, 0, found)

    def test_zoo(self):
        """plugin check: finds each animal of the zoo that misbehaves, by the test that is meant for it"""
        for name, (test, words) in FAULTS.items():
            with self.subTest(name=name):
                status, found = self.check(self.animal(name), "--only", test)
                self.assertEqual((status, list(found)), (1, [test]))
                self.assertIn(words, "\n".join(found[test]))

    def test_every_fault(self):
        """plugin check: the list of animals that misbehave is complete"""
        others = {"fault_signal_handler", "fault_signal_ignored"}  # crash besides; `handler` above does not
        names = {os.path.basename(path)[:-2] for path in glob.glob(f"{ZOO}/fault_*.c")}
        self.assertEqual(names - set(FAULTS) - others, set())

    def test_misuses(self):
        """plugin check: finds what plugins do to their server without being asked"""
        for name, (test, words, hooks, text) in OWN.items():
            with self.subTest(name=name):
                status, found = self.check(self.own(name, hooks, text), "--only", test)
                self.assertIn(words, "\n".join(found.get(test, [])), found)
                self.assertEqual(status, 0 if name == "constructor_prints" else 1)

    def test_healthy(self):
        """plugin check: animals that only use what there is are fit"""
        for name in ("answers", "config", "results", "timers", "pointers", "logs", "notes", "static_init"):
            with self.subTest(name=name):
                status, found = self.check(self.animal(name))
                self.assertEqual(status, 0, found)

    def test_lines(self):
        """plugin check: one line for each test, reasons and advice for what failed, and the verdict at the end"""
        done = tool("plugin", "check", self.animal("fault_abort"), "--only", "contract")
        lines = done.stdout.splitlines()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(lines[0], r"\Afault_abort 1\.0 \(/.*/fault_abort\.so\)\Z")
        self.assertIn("FAILED   contract.normal        crashed with SIGABRT in the hook rcpt", lines)
        self.assertEqual(sum(line.startswith("         -> ") for line in lines), 1, done.stdout)
        self.assertRegex(lines[-1], r"\Anot fit to ship: \d+ failures\Z|\Anot fit to ship: \d+ failures, ")

    def test_writable(self):
        """plugin check: a file that anybody can change fails, and nothing of it is run"""
        path = self.animal("fault_abort")
        os.chmod(path, 0o666)
        done = tool("plugin", "check", path, "--json")
        report = json.loads(done.stdout)
        by_name = {f"{test['group']}.{test['name']}": test["status"] for test in report["tests"]}
        self.assertEqual((done.returncode, by_name["static.owner"]), (1, "failed"))
        self.assertEqual({status for name, status in by_name.items() if not name.startswith("static.")}, {"skipped"})

    def test_list(self):
        """plugin check: --list names every test and runs none; --only wants one of the groups"""
        listed = tool("plugin", "check", "--list")
        self.succeeded(listed)
        groups = {line.split(".")[0] for line in listed.stdout.splitlines()}
        self.assertEqual(groups, {"static", "load", "contract", "next", "data", "reload"})
        wrong = tool("plugin", "check", "x.so", "--only", "nothing")
        self.assertEqual((wrong.returncode, wrong.stdout), (255, ""))
        self.assertIn("the groups: static, load, contract, next, data, reload", wrong.stderr)

    def test_usage(self):
        """plugin: what makes no sense is an error with exit status 255; --help is none"""
        for words in ([], ["check"], ["check", "/nowhere.so"], ["info"], ["nonsense"], ["check", "--wrong"]):
            done = tool("plugin", *words)
            if words:
                self.assertEqual((done.returncode, done.stderr[:7]), (255, "error: "), (words, done))
        helped = tool("plugin", "check", "--help")
        self.succeeded(helped)
        self.assertIn("fit to ship", helped.stdout)
        self.assertNotIn("run-test", tool("plugin", "--help").stdout)

    # -------------------------------------------------------------------------------------------------------- info ----
    def test_info(self):
        """plugin info: says what the note says, the hash, and the verdict on unloading, without running anything"""
        path = os.path.join(PLUGINS, "rcpt_to.in_host_list.so")
        known = json.loads(tool("plugin", "info", path, "--json").stdout)
        self.assertEqual(known["name"], "rcpt_to.in_host_list")
        self.assertEqual(known["sha256"], hashlib.sha256(read(path)).hexdigest())
        self.assertEqual(known["size"], os.path.getsize(path))
        self.assertEqual(known["hooks"], ["mail", "rcpt"])
        self.assertEqual(known["parents"], ["rcpt_to.host_list_base"])
        self.assertEqual(known["wants"], ["regex/1"])
        self.assertEqual(known["unload"], {"safe": True, "reasons": []})
        shown = tool("plugin", "info", path)
        self.succeeded(shown)
        self.assertRegex(shown.stdout, r"(?m)^unload +can be unmapped$")
        self.assertRegex(shown.stdout, r"(?m)^parents +rcpt_to\.host_list_base$")

    def test_info_of_a_constructor(self):
        """plugin info: no constructor runs"""
        shown = tool("plugin", "info", self.own("trap", "", """
            __attribute__((constructor)) static void begin(void) { __builtin_trap(); }
            HARAKA_REGISTER(self) { (void)self; return 0; }"""))
        self.succeeded(shown)

    def test_info_of_a_thread(self):
        """plugin info: the reasons for which an object stays mapped"""
        shown = tool("plugin", "info", self.animal("fault_thread"))
        self.succeeded(shown)
        self.assertIn("stays mapped, because it may start threads (pthread_create)", shown.stdout)

    def test_info_refused(self):
        """plugin info: a file that no server would load is exit status 1, with the reason and what to do"""
        for name, words in {"no_register": "must define that function", "wrong_abi": "needs plugin ABI 0.99"}.items():
            path = self.animal(name)
            done = tool("plugin", "info", path)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stdout)
            known = tool("plugin", "info", path, "--json")
            self.assertEqual((known.returncode, json.loads(known.stdout)["usable"]), (1, False))

    # --------------------------------------------------------------------------------------------------------- new ----
    def test_new(self):
        """plugin new: a C plugin that builds, and is fit to ship; what is there is left alone"""
        made = tool("plugin", "new", "my/own.thing", "--lang", "c", cwd=self.scratch)
        self.succeeded(made)
        folder = os.path.join(self.scratch, "own.thing")
        self.assertTrue(os.path.exists(f"{folder}/my_own_thing.c"), os.listdir(folder))
        subprocess.run(["make", "-s"], cwd=folder, check=True, timeout=LIMIT)
        status, found = self.check(f"{folder}/my/own.thing.so")
        self.assertEqual((status, found), (0, {}))
        again = tool("plugin", "new", "own.thing", cwd=self.scratch)
        self.assertEqual(again.returncode, 255)
        self.assertIn("is there already", again.stderr)

    def test_new_refused(self):
        """plugin new: names that are none, and languages without a template"""
        for words in (["../x"], ["a b"], ["/x"], [""], ["x", "--lang", "cobol"], ["x", "--lang", "../c"]):
            done = tool("plugin", "new", *words, cwd=self.scratch)
            self.assertEqual((done.returncode, done.stderr[:7]), (255, "error: "), words)
        self.assertEqual(os.listdir(self.scratch), [])

    def test_dash_p(self):
        """command line: -p NAME makes a plugin in the server's folder, with its page, and keeps what is there"""
        server = Server()  # its folder; it is never started
        self.addCleanup(server.abandon)
        folder = server.folder
        made = tool("-c", folder, "-p", "queue/mine")
        self.succeeded(made)
        self.assertEqual(len(made.stdout.splitlines()), 4, made.stdout)
        source, page = f"{folder}/plugins/queue/mine/queue_mine.c", f"{folder}/docs/plugins/queue/mine.md"
        for path in (source, page):
            with open(path, "w", encoding="ascii") as out:
                out.write("edited\n")
        self.succeeded(tool("-c", folder, "-p", "queue/mine"))
        self.assertEqual((read(source), read(page)), (b"edited\n", b"edited\n"))
        self.succeeded(tool("-c", folder, "-p", "queue/mine", "-f"))
        self.assertIn(b"HARAKA_PLUGIN", read(source))
        subprocess.run(["make", "-s"], cwd=os.path.dirname(source), check=True, timeout=LIMIT)
        # The server finds it where it was built.
        self.succeeded(tool("-c", folder, "-t", "queue/mine"))



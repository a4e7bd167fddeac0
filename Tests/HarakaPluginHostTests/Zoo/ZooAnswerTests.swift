// Answers that are given within the hook: codes, replies, junk.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

extension ZooTests {
    @Suite("answers") struct Answers {
        @Test(
            "a code that makes sense is the verdict, on a hook that can refuse",
            arguments: [
                (0, HookCode.cont), (900, .cont), (902, .deny), (903, .denySoft), (904, .denyDisconnect),
                (905, .disconnect), (906, .ok), (909, .denySoftDisconnect), (910, .done),
            ] as [(Int, HookCode)])
        func codes(number: Int, code: HookCode) throws {
            try withZoo { zoo in
                let client = try answering(zoo, number)
                #expect(client.ask(mail) == Verdict(code))
            }
        }

        @Test(
            "a code that means nothing refuses for now where that is possible, else it means CONT, and is critical",
            arguments: [901, 907, 908, 911, 899, -1, 2, 2_147_483_647, -2_147_483_648])
        func junkCodes(number: Int) throws {
            try withZoo { zoo in
                let client = try answering(zoo, number)
                #expect(client.ask(mail) == Verdict(.denySoft, PluginReply("plugin failed")))
                #expect(client.ask(.capabilities) == .cont)
                #expect(client.ask(.connectInit) == .cont)
                #expect(
                    zoo.log.messages(HARAKA_LOG_CRIT)
                        == ["mail", "capabilities", "connect_init"].map {
                            "Plugin a answered with the code \(number), which means nothing there (hook \($0))"
                        })
            }
        }

        private func answering(_ zoo: Zoo, _ number: Int) throws -> ZooClient {
            try zoo.install("a", "answers.c")
            try zoo.load("a")
            let client = zoo.connect()
            #expect(client.command("SET", "\(number)") == Verdict(.ok))
            return client
        }

        @Test("connect_init and disconnect ask everyone, whatever was answered")
        func everyone() throws {
            try withZoo { zoo in
                try zoo.install("b", "answers.c")
                let client = try answering(zoo, 902)
                #expect(client.ask(.connectInit) == .cont)
                #expect(client.ask(.disconnect) == .cont)
            }
        }

        @Test("replies: text, several lines, a DSN, a value, bytes that are not UTF-8")
        func replies() throws {
            try withZoo { zoo in
                try zoo.install("a", "answers.c")
                try zoo.load("a")
                let client = zoo.connect()
                #expect(client.command("TEXT") == Verdict(.deny, PluginReply("one\r\ntwo\n250 three")))
                #expect(client.command("LINES") == Verdict(.denySoft, PluginReply(lines: ["first", "", "third"])))
                let status = EnhancedStatus(class: 4, subject: 7, detail: 1)
                #expect(
                    client.command("DSN") == Verdict(.deny, PluginReply(lines: ["later"], code: 451, status: status)))
                #expect(client.command("VALUE") == Verdict(.nextHook, PluginReply(lines: [], value: .text("my_own"))))
                #expect(client.command("BYTES") == Verdict(.deny, PluginReply("\u{FFFD}\u{FFFD}\0z")))
            }
        }

        @Test("a code may be completed without a reply, and a junk one is the plugin's error")
        func completed() throws {
            try withZoo { zoo in
                try zoo.install("a", "answers.c")
                try zoo.load("a")
                let client = zoo.connect()
                #expect(client.command("COMPLETE", "909") == Verdict(.denySoftDisconnect))
                #expect(client.command("COMPLETE", "0") == .cont)
                #expect(client.command("COMPLETE", "1") == Verdict(.denySoft, PluginReply("plugin failed")))
                #expect(zoo.heard() == [String](repeating: "a: SUCCESS", count: 3))
            }
        }

        @Test(
            "a malformed reply is HARAKA_E_ARGUMENT, in the log, and leaves the hook open",
            arguments: [
                "SIZE", "COUNT", "NEGATIVE", "NULL_LINES", "NULL_LINE", "LONG_LINE", "HUGE_LINE", "CODE", "BIG_CODE",
                "CLASS", "TYPE", "ADDRESS", "SMALL_ADDRESS", "MX",
            ])
        func junkReplies(kind: String) throws {
            try withZoo { zoo in
                try zoo.install("junk", "junk_answers.c")
                try zoo.load("junk")
                #expect(zoo.connect().command(kind) == Verdict(.ok))
                #expect(zoo.heard() == ["junk: ARGUMENT"])
                let line = "junk answered with a malformed reply, which is ignored"
                #expect(zoo.log.messages(HARAKA_LOG_ERROR) == [line])
            }
        }

        @Test("the second answer within a hook is HARAKA_E_ANSWERED, and its own value comes too late as well")
        func twiceInHook() throws {
            try withZoo { zoo in
                try zoo.install("twice", "answers_twice.c")
                try zoo.load("twice")
                let client = zoo.connect()
                #expect(client.ask(mail) == Verdict(.ok, PluginReply("first")))
                #expect(zoo.heard() == ["twice: ANSWERED", "twice: on_cancel ANSWERED", "twice: destroyed cancel"])
                #expect(client.ask(.rcptOK(mailArguments)) == Verdict(.ok))
                #expect(zoo.heard() == ["twice: ANSWERED"])
                let text = "twice plugin ran callback multiple times - ignoring subsequent calls"
                #expect(zoo.log.messages(HARAKA_LOG_ERROR) == [text, "\(text) (hook mail)", text])
            }
        }

        @Test("an answer from a thread that comes before the function's own value wins")
        func threadFirst() throws {
            try withZoo { zoo in
                try zoo.install("twice", "answers_twice.c")
                try zoo.load("twice")
                let client = zoo.connect()
                #expect(client.answer(.data) == Verdict(.deny, PluginReply("thread")))
                #expect(zoo.heard() == ["twice: SUCCESS"])
                _ = client.ask(mail)
                _ = zoo.heard()
                #expect(client.answer(.quit) == Verdict(.ok))
                #expect(zoo.heard() == ["twice: ANSWERED"])
            }
        }

        @Test("STOP on the log hook takes a line; lines of the hook itself go on; a pending answer is an error")
        func logHook() throws {
            try withZoo { zoo in
                try zoo.install("a", "answers.c")
                try zoo.install("never", "never_answers.c")
                try zoo.load("a")
                #expect(zoo.loop.run { zoo.host.hasLogHook })
                func isTaken(_ message: String) -> Bool {
                    zoo.loop.run {
                        zoo.host.runLogHook(level: 6, levelName: "INFO", uuid: "U", origin: "core", message: message)
                    }
                }
                #expect(isTaken("take me"))
                #expect(!isTaken("show me"))
                let line = #"{level:"INFO",priority:6,data:"show me",uuid:"U",origin:"core"}"#
                #expect(zoo.heard() == ["a: log \(line)"])
                try zoo.load("never")
                #expect(!isTaken("anything"))
                #expect(zoo.log.messages(HARAKA_LOG_CRIT) == ["Plugin never must answer at once (hook log)"])
                #expect(!zoo.log.lines.contains { $0.message.contains("hook=log") })
            }
        }

        @Test("NEXT_HOOK names another hook, and a custom hook may answer with it too")
        func nextHook() throws {
            try withZoo { zoo in
                try zoo.install("a", "answers.c")
                try zoo.install("exports", "exports.c")
                try zoo.load("a", "exports")
                let client = zoo.connect()
                let verdict = client.command("VALUE", "rest")
                #expect(verdict?.code == .nextHook)
                let name = verdict?.reply.text ?? ""
                #expect(client.ask(.named(name, word: "VALUE", rest: "rest")) == Verdict(.ok))
                #expect(zoo.heard() == [#"exports: my_own ["VALUE","rest"]"#])
                #expect(client.ask(.named("nobody_has_it", word: "", rest: "")) == .cont)
            }
        }

        @Test("a server hook that does not answer at once is an error, and what it left is destroyed")
        func serverHook() throws {
            try withZoo { zoo in
                try zoo.install("never", "never_answers.c")
                let generation = try zoo.load("never")
                #expect(zoo.loop.run { zoo.host.askServer(.initChild, of: generation) } == Verdict.cont)
                #expect(zoo.log.messages(HARAKA_LOG_CRIT) == ["Plugin never must answer at once (hook init_child)"])
                #expect(zoo.heard() == ["never: destroyed cancel"])
            }
        }
    }
}

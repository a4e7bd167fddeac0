// qpsmtpd's hooks: what their plugins are given, and the hook `ok`. docs/hooks.md.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax
import Testing

extension ZooTests {
    @Suite("hooks of qpsmtpd") struct Hooks {
        private func install(_ zoo: Zoo, _ name: String, _ hooks: String, _ defines: String...) throws {
            try zoo.install(name, "listens.c", options: ["-DHOOKS=\"\(hooks)\""] + defines.map { "-D\($0)" })
        }

        private func asked(_ question: Question, _ prepare: (ZooClient) -> Void = { _ in }) throws -> [String] {
            var heard: [String] = []
            try withZoo { zoo in
                try install(zoo, "l", question.hook?.name ?? "")
                try zoo.load("l")
                let client = zoo.connect()
                prepare(client)
                #expect(client.ask(question) == .cont)
                heard = zoo.heard()
            }
            return heard
        }

        @Test("pre_connection is told both ends, no limit, and who else is here")
        func preConnection() throws {
            let heard = try asked(.preConnection) { client in
                client.others = ["192.0.2.9", "2001:db8::1"]
            }
            #expect(heard == [#"l: pre_connection ["192.0.2.1",4242,"",0,0,["192.0.2.9","2001:db8::1"]]"#])
        }

        @Test(
            "the parsing hooks are told word and rest",
            arguments: [
                Question.heloParse(word: "HELO", rest: "a b"), .ehloParse(word: "HELO", rest: "a b"),
                .mailParse(word: "HELO", rest: "a b"), .rcptParse(word: "HELO", rest: "a b"),
            ])
        func parse(question: Question) throws {
            #expect(try asked(question) == [#"l: \#(question.hook?.name ?? "") ["HELO","a b"]"#])
        }

        @Test(
            "one text is what these are told",
            arguments: [
                Question.mailPre(PathArgument(address: "<x@y>")), .rcptPre(PathArgument(address: "<x@y>")),
                .vrfy("<x@y>"), .noop("<x@y>"), .help("<x@y>"),
            ])
        func text(question: Question) throws {
            #expect(try asked(question) == [#"l: \#(question.hook?.name ?? "") ["<x@y>"]"#])
        }

        @Test(
            "nothing is what these are told",
            arguments: [Question.dataHeadersEnd, .dataPostHeaders, .queuePre, .postConnection])
        func nothing(question: Question) throws {
            #expect(try asked(question) == ["l: \(question.hook?.name ?? "") []"])
        }

        @Test("helo is told the host, and what a plugin of helo_parse has added")
        func helo() throws {
            #expect(try asked(.helo("h")) == [#"l: helo ["h"]"#])
            let heard = try asked(.ehlo("h")) { client in
                client.connection.helloArguments = [.integer(3), .list([.text("x")])]
            }
            #expect(heard == [#"l: ehlo ["h",3,["x"]]"#])
        }

        @Test("received_line is told the protocol, no login, no cipher, and the core's own line")
        func receivedLine() throws {
            for (isESMTP, name) in [(true, "ESMTP"), (false, "SMTP")] {
                let heard = try asked(.receivedLine) { client in
                    client.connection.isESMTP = isESMTP
                    client.beginTransaction()
                    client.connection.transaction?.receivedLine = "from x"
                }
                #expect(heard == [#"l: received_line ["\#(name)","","","from x"]"#])
            }
        }

        @Test("queue_post is told the code and the words, without a transaction")
        func queuePost() throws {
            #expect(
                try asked(.queuePost(.denySoft, "busy (U.1)")) == [
                    #"l: queue_post [\#(HARAKA_DENYSOFT),"busy (U.1)"]"#
                ])
        }

        @Test(
            "queue_post and post_connection are asked after the client has left",
            arguments: [Question.queuePost(.ok, ""), .postConnection, .noop("")])
        func required(question: Question) throws {
            try withZoo { zoo in
                try install(zoo, "l", question.hook?.name ?? "")
                try zoo.load("l")
                let client = zoo.connect()
                client.leave()
                #expect(client.ask(question) == .cont)
                #expect(zoo.heard().count == (question.hook == .noop ? 0 : 1))
            }
        }

        @Test(
            "ok is told who answered what, each of its plugins in turn, and changes nothing",
            arguments: [Int(HARAKA_OK), Int(HARAKA_DENY)])
        func ok(code: Int) throws {
            try withZoo { zoo in
                try install(zoo, "first", "mail", "CODE=HARAKA_OK", "WORDS=\"taken\"")
                try install(zoo, "a", "ok")
                try install(zoo, "b", "ok", "CODE=\(code)", "WORDS=\"no\"")
                try install(zoo, "c", "ok")
                try zoo.load("first", "a", "b", "c")
                #expect(zoo.connect().ask(mail) == Verdict(.ok, PluginReply("taken")))
                let told = #"ok ["first",\#(HARAKA_OK),"taken"]"#
                #expect(zoo.heard() == ["first: mail [<joe|example.com>,{}]", "a: \(told)", "b: \(told)"])
            }
        }

        @Test(
            "nobody tells ok of CONT, of refusals, and of configuration",
            arguments: [("mail", 900), ("mail", 902), ("user_config", 906)])
        func notOK(hook: String, code: Int) throws {
            try withZoo { zoo in
                try install(zoo, "l", hook, "CODE=\(code)")
                try install(zoo, "a", "ok")
                try zoo.load("l", "a")
                let client = zoo.connect()
                _ = hook == "mail" ? client.ask(mail) : client.ask(.named(hook, word: "", rest: ""))
                #expect(zoo.heard().filter { $0.hasPrefix("a") } == [])
            }
        }

        @Test("a plugin of ok that needs time is waited for; its time limit leaves the answer as it was")
        func okLater() throws {
            try withZoo { zoo in
                try install(zoo, "first", "mail", "CODE=HARAKA_OK")
                try zoo.install("never", "never_answers.c")
                try install(zoo, "later", "ok")
                try zoo.load("first", timeout: 1)
                try zoo.install("slow", "deny.c", options: ["-DCODE=906", "-DLATER", "-Dhook_deny=hook_ok"])
                try zoo.load("first", "slow", timeout: 1)
                let client = zoo.connect()
                #expect(client.ask(mail) == nil)
                zoo.loop.advance(10)
                #expect(client.lateVerdicts == [Verdict(.ok)])
            }
        }

        @Test("logging is shown what nobody of log took: level, hook, who, what")
        func logging() throws {
            try withZoo { zoo in
                try zoo.install("a", "answers.c")
                try install(zoo, "l", "logging", "CODE=HARAKA_CONT")
                try install(zoo, "takes", "logging", "CODE=HARAKA_OK")
                try zoo.load("a", "l", "takes")
                func isTaken(_ message: String) -> Bool {
                    zoo.loop.run {
                        zoo.host.runLogHook(
                            level: 6, levelName: "INFO", uuid: "U", origin: "core", message: message, hook: "mail")
                    }
                }
                #expect(isTaken("take me"))
                #expect(zoo.heard() == [])
                #expect(isTaken("a line"))
                let told = #"logging ["INFO","mail","core","a line"]"#
                #expect(zoo.heard() == ["l: \(told)", "takes: \(told)"])
            }
        }

        @Test("logging needs no plugin on log")
        func loggingAlone() throws {
            try withZoo { zoo in
                try install(zoo, "l", "logging")
                try zoo.load("l")
                #expect(zoo.loop.run { zoo.host.hasLogHook })
                func isTaken() -> Bool {
                    zoo.loop.run {
                        zoo.host.runLogHook(level: 6, levelName: "INFO", uuid: "U", origin: "x", message: "m")
                    }
                }
                #expect(!isTaken())
                #expect(zoo.heard() == [#"l: logging ["INFO","","x","m"]"#])
            }
        }

        @Test("post_fork is asked, under qpsmtpd's name too")
        func postFork() throws {
            try withZoo { zoo in
                try install(zoo, "l", "post-fork", "CODE=HARAKA_DENY")
                let generation = try zoo.load("l")
                #expect(zoo.loop.run { zoo.host.askServer(.postFork, of: generation) } == Verdict(.deny))
                #expect(zoo.heard() == ["l: post_fork []"])
            }
        }

        @Test("a plugin on a hook of AUTH is told nothing: plugins ask it")
        func auth() throws {
            try withZoo { zoo in
                try install(zoo, "l", "auth-plain")
                try zoo.load("l")
                #expect(zoo.log.messages(HARAKA_LOG_NOTICE).isEmpty)
            }
        }

        @Test("the session is told which hooks anybody listens to")
        func heard() throws {
            try withZoo { zoo in
                try install(zoo, "l", "mail_parse ok queue-post my_own")
                try zoo.load("l")
                let client = zoo.connect()
                #expect(
                    zoo.loop.run { zoo.host.heard(by: client.connection) } == HookSet([.mailParse, .ok, .queuePost]))
                client.end()
                #expect(zoo.loop.run { zoo.host.heard(by: client.connection) } == .none)
            }
        }

        @Test("a plugin that fails on a parsing hook leaves the line to the core, on pre_connection it refuses for now")
        func fails() throws {
            try withZoo { zoo in
                try install(zoo, "l", "mail_parse help pre_connection data_headers_end queue_pre", "CODE=77")
                try zoo.load("l")
                let client = zoo.connect()
                for question in [Question.mailParse(word: "", rest: ""), .help("")] {
                    #expect(client.ask(question) == .cont)
                }
                for question in [Question.preConnection, .dataHeadersEnd, .queuePre] {
                    #expect(client.ask(question) == Verdict(.denySoft, PluginReply("plugin failed")))
                }
            }
        }
    }
}

// Asking the client: when a plugin may, and what else ends it. plugin.h "ask_client".

import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests.AskTests {
    @Test("a generation that ends while the client is asked destroys the context once")
    func revoked() throws {
        try withZoo { zoo in
            let client = try open(zoo)
            client.command("ASK", "100")
            #expect(zoo.stop())
            #expect(client.lateVerdicts == [Verdict(.denySoft, PluginReply("server is stopping"))])
            #expect(client.stops == 1)
            #expect(zoo.heard().filter { $0 == "a: destroyed line" }.count == 1)
        }
    }

    @Test("a reload meanwhile changes nothing for the client that is asked")
    func reload() throws {
        try withZoo { zoo in
            let client = try open(zoo)
            client.command("ASK", "100")
            try zoo.load("a")
            client.say("x")
            #expect(client.lateVerdicts == [Verdict(.ok, PluginReply("heard"))])
        }
    }

    @Test("a required hook that starts meanwhile ends it")
    func required() throws {
        try withZoo { zoo in
            try zoo.install("p", "pending.c", options: ["-pthread"])
            try zoo.install("a", "asks.c", options: ["-pthread"])
            try zoo.load("a", "p")
            let client = zoo.connect()
            #expect(client.command("ASK", "100") == nil)
            #expect(client.ask(.resetTransaction) == nil)
            #expect(client.stops == 1)
            #expect(!client.say("x"))
            #expect(zoo.heard().filter { $0 == "a: destroyed line" }.count == 1)
        }
    }

    @Test(
        "only hooks of a command may ask: not deny, not those of the message; a refused context stays the plugin's")
    func state() throws {
        try withZoo { zoo in
            let client = try open(zoo)
            #expect(client.ask(mail) == Verdict(.deny))
            #expect(zoo.heard() == ["a: SUCCESS", "a: deny: STATE", "a: destroyed mail"])
            #expect(client.stops == 1)
            #expect(client.ask(.dataPost) == .cont)
            #expect(zoo.heard() == ["a: STATE"])
            client.command("OK", "65537")
            client.command("OK", "-1")
            #expect(zoo.heard().filter { $0 == "a: ARGUMENT" }.count == 2)
        }
    }
}

// tls/1 and restart: plugin.h.

import CHarakaFault
import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("TLS and another session") struct TLSTests {
        private func open(_ zoo: Zoo, _ mode: String = "answer") throws -> ZooClient {
            try zoo.install("a", "asks.c", options: ["-pthread"])
            try zoo.load("a")
            let client = zoo.connect()
            client.command("MODE", mode)
            zoo.loop.run { client.canStartTLS = true }
            return client
        }

        @Test("a plugin is told how the handshake ended, and answers then", arguments: [true, false])
        func handshake(succeeds: Bool) throws {
            try withZoo { zoo in
                let client = try open(zoo)
                #expect(client.command("STARTTLS") == nil)
                zoo.loop.advance(600_000)
                #expect(client.shake(succeeds))
                #expect(client.lateVerdicts == [Verdict(.ok)])
                let told = succeeds ? "handshake: SUCCESS" : "handshake: IO"
                #expect(
                    zoo.heard() == ["1 SUCCESS", "STATE", told, "much left", "destroyed handshake"].map { "a: \($0)" })
                #expect(client.stops == 0)
            }
        }

        @Test("a client that leaves in the middle of the handshake ends it")
        func leaves() throws {
            try withZoo { zoo in
                let client = try open(zoo)
                client.command("STARTTLS")
                client.leave()
                #expect(!client.shake(true))
                #expect(client.stops == 1)
                #expect(zoo.heard() == ["a: 1 SUCCESS", "a: STATE", "a: destroyed handshake"])
            }
        }

        @Test("without a certificate, or in another hook, it cannot be started")
        func unavailable() throws {
            try withZoo { zoo in
                let client = try open(zoo)
                #expect(client.ask(.capabilities) == .cont)
                #expect(zoo.heard() == ["a: restart STATE", "a: 1 STATE"])
                zoo.loop.run { client.canStartTLS = false }
                client.command("STARTTLS")
                #expect(zoo.heard() == ["a: 0 STATE"])
            }
        }

        @Test("channel bindings are lent, and one that there is not is HARAKA_E_ABSENT")
        func binding() throws {
            try withZoo { zoo in
                let client = try open(zoo)
                client.command("BIND", "tls-exporter")
                client.command("BIND", "tls-unique")
                #expect(zoo.heard() == ["a: SUCCESS 3 ABC", "a: ABSENT 0 "])
            }
        }

        @Test("a session begins anew when a plugin says so, with a flag that is known")
        func restart() throws {
            try withZoo { zoo in
                let client = try open(zoo)
                client.command("RESTART", "0")
                client.command("RESTART", "1")
                client.command("RESTART", "2")
                #expect(client.restarts == [false, true])
                #expect(zoo.heard() == ["a: SUCCESS", "a: SUCCESS", "a: ARGUMENT"])
            }
        }

        @Test("the fault page names the connection by its new uuid from the next hook on")
        func rename() throws {
            try withZoo { zoo in
                let client = try open(zoo)
                func name() -> String? {
                    zoo.loop.run {
                        let entry = haraka_fault_connection_entry(zoo.host.faults.page, 1)
                        return entry.map { entry in withUnsafeBytes(of: entry.pointee.uuid) { FaultText.read($0) ?? "" }
                        }
                    }
                }
                #expect(name() == "CLIENT")
                client.command("RESTART", "0")
                zoo.loop.run { client.connection.uuid = "ANOTHER" }
                client.command("MODE", "x")
                #expect(name() == "ANOTHER")
            }
        }
    }
}

// What a plugin's hooks have cost, and what is shown of plugins and generations.

import Foundation
import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("status") struct StatusTests {
        private func hook(_ zoo: Zoo, _ name: String) throws -> HostStatus.Hook {
            let status = zoo.loop.run { zoo.host.status() }
            return try #require(status.plugins.flatMap(\.hooks).first { $0.hook == name })
        }

        @Test("every call is counted, the first is timed, some one in 64 of the others", arguments: [true, false])
        func counted(isQuick: Bool) throws {
            try withZoo { zoo in
                if !isQuick { zoo.log.level = HARAKA_LOG_DATA }
                try zoo.install("v", "versions.c", "VERSION=\"1\"")
                try zoo.load("v")
                let client = zoo.connect()
                let before = try hook(zoo, "mail")
                #expect(before.calls == 0)
                #expect(before.max == 0)
                _ = client.ask(mail)
                #expect(try hook(zoo, "mail").sampled == 1)
                zoo.loop.run { for _ in 1..<6400 { _ = zoo.host.ask(mail, client.connection) } }
                let after = try hook(zoo, "mail")
                #expect(after.calls == 6400)
                #expect((60...180).contains(after.sampled))
                #expect(after.p50 > 0)
                #expect(after.p50 <= after.p99)
                #expect(after.p99 <= after.max)
                #expect(after.method == "hook_mail")
            }
        }

        @Test("durations of functions in microseconds, of late answers in milliseconds, and what the watchdog saw")
        func durations() throws {
            try withZoo { zoo in
                try zoo.install("s", "host_slow.c")
                try zoo.load("s")
                let client = zoo.connect()
                #expect(client.ask(mail) == .cont)
                let quick = try hook(zoo, "mail")
                #expect((1000...50_000).contains(quick.max))
                #expect((900...50_000).contains(quick.p50))
                #expect(quick.priority == -7)
                #expect(quick.pendingCount == 0)
                #expect(client.ask(.rcpt(mailArguments)) == nil)
                zoo.loop.advance(10)
                let late = try hook(zoo, "rcpt")
                #expect(late.pendingCount == 1)
                #expect((1...1000).contains(late.pendingMax))
                #expect((0.9...1000).contains(late.pendingP99))
                zoo.loop.run {
                    let plugin = zoo.host.generation?.plugins[0].faultIndex ?? 0
                    let hook = zoo.host.faults.hook("mail")
                    zoo.host.noteHeld(plugin: plugin, hook: hook, milliseconds: 250)
                    zoo.host.noteHeld(plugin: plugin, hook: hook, milliseconds: 200)
                    zoo.host.noteHeld(plugin: .max, hook: .max, milliseconds: 200)
                }
                #expect(try hook(zoo, "mail").max == 250_000)
            }
        }

        @Test("plugins with version, hash, file, parents, limit, verdict, and what they have under way")
        func plugins() throws {
            try withZoo { zoo in
                try zoo.install("p", "host_family.c", "THREADS")
                try zoo.install("c", "host_family.c", "PARENT=\"p\"")
                try zoo.install("w", "timers.c")
                try zoo.load("c", "w", timeout: 2.5)
                zoo.connect().command("FOREVER")
                let plugins = zoo.loop.run { zoo.host.status() }.plugins
                #expect(plugins.map(\.name) == ["c", "w"])
                #expect(plugins.map(\.parents) == [["p"], []])
                #expect(plugins.map(\.timers) == [0, 1])
                #expect(plugins.map(\.jobs) == [0, 0])
                #expect(plugins[0].version == "1.0")
                let bytes = try Data(contentsOf: URL(fileURLWithPath: zoo.path("c")))
                #expect(plugins[0].hash == bytes.withUnsafeBytes { SHA256.hex($0) })
                #expect(plugins[0].file == zoo.path("c"))
                #expect(plugins[0].timeoutSeconds == 2.5)
                #expect(plugins[0].unloading == "can be unmapped")
                #expect(plugins[0].hooks.map(\.hook) == ["mail"])
            }
        }

        @Test("generations: the current one, those that drain, those that shut down")
        func generations() throws {
            try withZoo { zoo in
                try zoo.install("slow", "slow_shutdown.c", "DELAY=0")
                try zoo.load("slow")
                let first = zoo.connect()
                try zoo.load("slow")
                let second = [zoo.connect(), zoo.connect()]
                try zoo.load("slow")
                let shown = {
                    zoo.loop.run { zoo.host.status() }.generations.map { "\($0.number) \($0.state) \($0.connections)" }
                }
                #expect(shown() == ["1 draining 1", "2 draining 2", "3 current 0"])
                first.end()
                #expect(shown() == ["1 draining 0", "2 draining 2", "3 current 0"])
                zoo.loop.advance(31_000)
                #expect(shown() == ["2 draining 2", "3 current 0"])
                #expect(zoo.loop.run { zoo.host.status().unloaded } == 1)
                for client in second { client.end() }
            }
        }
    }

    @Suite("histograms") struct Histograms {
        @Test("a bucket is a quarter of an octave, and its middle lies in it")
        func buckets() {
            for bucket in 0..<Histogram.bucketCount {
                #expect(Histogram.bucket(Histogram.middle(bucket)) == bucket)
            }
            #expect(Histogram.bucket(0) == 0)
            #expect(Histogram.bucket(64) == 0)
            #expect(Histogram.bucket(80) == 1)
            #expect(Histogram.bucket(127) == 3)
            #expect(Histogram.bucket(128) == 4)
            #expect(Histogram.bucket(100_000_000_000) == Histogram.bucketCount - 3)
            #expect(Histogram.bucket(.max) == Histogram.bucketCount - 1)
        }

        @Test("quantiles are right within an eighth, and never above the longest")
        func quantiles() {
            var histogram = Histogram()
            defer { histogram.deallocate() }
            #expect(histogram.quantile(0.5) == 0)
            for value in 1...10_000 { histogram.add(UInt64(value) * 1000) }
            #expect((4_375_000...5_625_000).contains(histogram.quantile(0.5)))
            #expect((8_662_500...10_000_000).contains(histogram.quantile(0.99)))
            #expect(histogram.quantile(1) == 10_000_000)
            #expect(histogram.longest == 10_000_000)
            #expect(histogram.count == 10_000)
        }
    }
}

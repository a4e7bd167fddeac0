// The fault page: who runs at this moment, for what a plugin does wherever it is called.

import CHarakaFault
import Glibc
import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

/// "plugin hook connection" of a frame.
private func show(_ frame: haraka_fault_frame, _ faults: FaultFrames) -> String {
    let plugin = faults.pluginName(frame.plugin) ?? "host"
    return "\(plugin) \(faults.hookName(frame.hook) ?? "-") \(frame.connection)"
}

/// What plugins said, and in which frame of the loop or of a job.
private final class Frames: @unchecked Sendable {
    private let lock = ZooLock()
    private var seen: [String] = []
    private var calls: [UInt64] = []

    init(_ zoo: Zoo) {
        let (loop, faults) = (zoo.loop, zoo.host.faults)
        zoo.log.observe { [self] said in
            let frame = loop.isCurrent ? faults.running.pointee : faults.page.pointee.jobs.0.frame
            lock.with {
                seen.append("\(said): \(show(frame, faults))")
                calls.append(frame.calls)
            }
        }
    }

    func take() -> [String] {
        lock.with {
            defer { seen = [] }
            return seen
        }
    }

    var callNumbers: [UInt64] { lock.with { calls } }
}

extension ZooTests {
    @Suite("the frame of the running plugin") struct FaultFrameTests {
        /// A client of the plugin `f`, and what was seen while it was loaded.
        private func load(_ zoo: Zoo, _ frames: Frames) throws -> (ZooClient, [String]) {
            try zoo.install("f", "host_frames.c")
            setenv("HOST_FRAME", "\(UInt(bitPattern: zoo.host.faults.running))", 1)
            defer { unsetenv("HOST_FRAME") }
            try zoo.load("f")
            return (zoo.connect(), frames.take())
        }

        private func last(_ zoo: Zoo) -> String {
            zoo.loop.run { show(zoo.host.faults.page.pointee.last, zoo.host.faults) }
        }

        @Test("constructors and haraka_register have one, and the host none afterwards")
        func loading() throws {
            try withZoo { zoo in
                let frames = Frames(zoo)
                let (_, seen) = try load(zoo, frames)
                let (plugin, hook) = zoo.loop.run {
                    (zoo.host.generation?.plugins[0].faultIndex ?? 0, zoo.host.faults.hook("load"))
                }
                #expect(plugin > 0)
                #expect(seen == ["register: f register 0", "constructed \(plugin) \(hook): f register 0"])
                #expect(zoo.loop.run { show(zoo.host.faults.running.pointee, zoo.host.faults) } == "host - 0")
                #expect(last(zoo) == "f register 0")
            }
        }

        @Test("hooks have one with their connection, on the quick way and on the long one", arguments: [true, false])
        func hooks(isQuick: Bool) throws {
            try withZoo { zoo in
                if !isQuick { zoo.log.level = HARAKA_LOG_DATA }
                let frames = Frames(zoo)
                let (client, _) = try load(zoo, frames)
                let other = zoo.connect("OTHER")
                #expect(client.ask(mail) == .cont)
                #expect(last(zoo) == "f mail 1")
                #expect(other.ask(.rcpt(mailArguments)) == Verdict(.deny))
                #expect(client.ask(.named("own_hook", word: "", rest: "")) == Verdict(.ok))
                let seen = ["mail: f mail 1", "rcpt: f rcpt 2", "deny: f deny 2", "own_hook: f own_hook 1"]
                #expect(frames.take() == seen)
                #expect(Set(frames.callNumbers).count == 5)
                #expect(zoo.loop.run { show(zoo.host.faults.running.pointee, zoo.host.faults) } == "host - 0")
            }
        }

        @Test(
            "what comes later has one too",
            arguments: [
                ("POST", ["post: f post 0"]), ("TIMER", ["timer: f timer 0"]),
                ("JOB", ["job: f work 0", "job: f job 0", "destroy: f destroy 0"]),
            ])
        func later(command: String, seen: [String]) throws {
            try withZoo { zoo in
                let frames = Frames(zoo)
                let (client, _) = try load(zoo, frames)
                client.command(command)
                zoo.loop.advance(1)
                // A job runs beside its hook.
                let all = ["unrecognized_command: f unrecognized_command 1"] + seen
                #expect(frames.take().sorted() == all.sorted())
            }
        }

        @Test("so have cancel callbacks, configuration callbacks, haraka_shutdown and destructors")
        func ends() throws {
            try withZoo { zoo in
                let frames = Frames(zoo)
                let (client, _) = try load(zoo, frames)
                #expect(client.ask(.unrecognizedCommand(word: "PENDING", rest: "")) == nil)
                client.leave()
                zoo.loop.run { zoo.host.configurationChanged(["a.ini"]) }
                client.end()
                #expect(zoo.stop())
                let seen = ["cancel: f cancel 0", "config: f config 0", "shutdown: f shutdown 0", "unload: f unload 0"]
                #expect(frames.take() == seen)
                #expect(zoo.loop.run { zoo.host.faults.page.pointee.last.plugin } == 0)
            }
        }

        @Test("a parent's code runs in the name of the child, and both are named with their hash and mapping")
        func parents() throws {
            try withZoo { zoo in
                try zoo.install("p", "host_family.c")
                try zoo.install("c", "host_family.c", "PARENT=\"p\"")
                let frames = Frames(zoo)
                try zoo.load("c")
                #expect(zoo.connect().ask(mail) == .cont)
                #expect(frames.take() == ["word of p: c mail 1"])
                zoo.loop.run {
                    let objects = zoo.host.generation?.objects ?? [:]
                    for name in ["p", "c"] {
                        guard let object = objects[name], let word = object.function("word") else {
                            Issue.record("no object \(name)")
                            continue
                        }
                        #expect(haraka_fault_plugin_at(zoo.host.faults.page, word) == object.faultIndex)
                        #expect(zoo.host.faults.pluginName(object.faultIndex) == name)
                    }
                }
            }
        }

        @Test("a page of the supervisor's is written instead of one of the host's own")
        func givenPage() throws {
            var descriptor: Int32 = -1
            let page = try #require(haraka_fault_page_create(&descriptor))
            defer {
                haraka_fault_page_unmap(page)
                close(descriptor)
            }
            let faults = FaultFrames(page)
            let index = faults.addPlugin("x", hash: "abc", generation: 3)
            let seen = try #require(haraka_fault_page_map(descriptor))
            defer { haraka_fault_page_unmap(seen) }
            let outer = faults.enter(plugin: index, hook: faults.hook("mail"), connection: 5)
            let inner = faults.enter(index, .timer)
            #expect(seen.pointee.loop.connection == 0)
            #expect(seen.pointee.loop.calls == 2)
            faults.leave(inner)
            #expect(seen.pointee.loop.plugin == index)
            #expect(seen.pointee.loop.connection == 5)
            #expect(seen.pointee.last.plugin == 0)
            faults.leave(outer)
            #expect(seen.pointee.loop.plugin == 0)
            #expect(show(seen.pointee.last, faults) == "x mail 5")
        }
    }
}

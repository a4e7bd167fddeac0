// A host of a few lines, so that the kit can be tested without the server: the ABI promises that a plugin has no other
// tie to its host than the table.
import Foundation
import HarakaPluginABI
import HarakaPluginKit

/// What the host was told. One table per process, so the suites that use it are serialized.
final class FakeHost: @unchecked Sendable {
    static let shared = FakeHost()

    struct Registered {
        let name: String
        let function: haraka_function
        let context: UnsafeMutableRawPointer?
        let destroy: haraka_destroy?
    }

    struct Answered: Equatable {
        let code: Int32
        var lines: [String] = []
        var smtp: UInt32 = 0
        var status: [Int] = []
        var value: Value?
    }

    var hooks: [Registered] = []
    var methods: [Registered] = []
    var answers: [Answered] = []
    var log: [String] = []
    var notes: [String: Value] = [:]
    var logLevel = HARAKA_LOG_INFO
    /// What register_function, timer_start and offload answer.
    var status = HARAKA_SUCCESS
    /// The client has left: nobody takes an answer.
    var isGone = false
    var callbacks: [haraka_callback] = []
    /// What runs when the hook ends before its answer.
    var endings: [haraka_callback] = []
    /// Somebody has one for this hook already.
    var isCancelTaken = false
    /// Callbacks for files of the configuration, by name.
    var watches: [String: haraka_callback] = [:]
    /// Files that were read, with their type.
    var reads: [String] = []
    /// How often user_config_get needs time, and who asks again then.
    var delays = 0
    var later: haraka_callback?
    var work: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
    let table = UnsafeMutablePointer<haraka_host>.allocate(capacity: 1)

    private init() {
        table.initialize(to: haraka_host())
        table.pointee.size = MemoryLayout<haraka_host>.size
        table.pointee.abi_major = UInt32(HARAKA_ABI_MAJOR)
        table.pointee.abi_minor = UInt32(HARAKA_ABI_MINOR)
        fillRegistration()
        fillAnswers()
        fillTime()
        fillConfiguration()
        fillMessages()
        fillConnections()
        fillQuestions()
    }

    /// Forgets everything and registers a plugin.
    @discardableResult
    static func register(_ body: (Plugin) throws(PluginError) -> Void) -> Int32 {
        let host = shared
        FakeNames.shared.forget()
        FakeQueue.shared.forget()
        for ending in host.endings { ending.destroy?(ending.context) }
        (host.endings, host.isCancelTaken) = ([], false)
        for registered in host.hooks + host.methods { registered.destroy?(registered.context) }
        (host.hooks, host.methods, host.answers, host.log) = ([], [], [], [])
        (host.notes, host.status, host.callbacks, host.isGone) = ([:], HARAKA_SUCCESS, [], false)
        for watch in host.watches.values { watch.destroy?(watch.context) }
        (host.watches, host.reads, host.later) = ([:], [], nil)
        FakeBody.shared.forget()
        return Plugin.register(host.table, haraka_self(bits: 7), body)
    }

    /// Nobody waits for the answer any more.
    func cancel() {
        isGone = true
        let all = endings
        endings = []
        for ending in all {
            ending.function?(ending.context)
            ending.destroy?(ending.context)
        }
    }

    /// Runs the first hook of that name with one text as its argument, and returns what its function returned.
    func run(_ name: String, _ argument: String = "") -> Int32 {
        argument.withCString { run(name, haraka_text_value(haraka_text($0))) }
    }

    /// The same with an argument of any kind, perhaps about a queued mail.
    func run(_ name: String, _ argument: haraka_value, hmail: UInt64 = 0) -> Int32 {
        guard let hook = (hooks + methods).first(where: { $0.name == name }) else { return HARAKA_E_ABSENT }
        var call = haraka_call()
        call.size = MemoryLayout<haraka_call>.size
        call.`self` = haraka_self(bits: 7)
        call.next = haraka_next(bits: 99)
        call.connection = haraka_connection(bits: 1)
        call.transaction = haraka_transaction(bits: hmail == 0 ? 2 : 0)
        call.hmail = haraka_hmail(bits: hmail)
        call.context = hook.context
        return withUnsafePointer(to: argument) { value in
            call.arguments = value
            call.argument_count = 1
            return hook.function(&call)
        }
    }

    /// Lets pass all time: work is done on another thread, then the callbacks run here.
    func drain() {
        while !callbacks.isEmpty {
            let callback = callbacks.removeFirst()
            if let work {
                let done = DispatchSemaphore(value: 0)
                let context = UInt(bitPattern: callback.context)
                Thread {
                    work(UnsafeMutableRawPointer(bitPattern: context)); done.signal()
                }.start()
                done.wait()
                self.work = nil
            }
            callback.function?(callback.context)
            callback.destroy?(callback.context)
        }
    }

    /// The generation ends: nothing runs any more.
    func revoke() {
        let all = callbacks + watches.values
        (callbacks, watches) = ([], [:])
        for callback in all { callback.destroy?(callback.context) }
    }

    /// A file of the configuration has changed.
    func change(_ name: String) {
        if let watch = watches[name] { watch.function?(watch.context) }
    }

    private func fillRegistration() {
        table.pointee.register_function = { _, name, function, context, destroy, _ in
            guard FakeHost.shared.status >= 0, let function else { return FakeHost.shared.status }
            FakeHost.shared.hooks.append(
                Registered(name: Text(name).string, function: function, context: context, destroy: destroy))
            return HARAKA_SUCCESS
        }
        table.pointee.add_method = { _, name, function, context, destroy in
            guard let function else { return HARAKA_E_ARGUMENT }
            FakeHost.shared.methods.append(
                Registered(name: Text(name).string, function: function, context: context, destroy: destroy))
            return HARAKA_SUCCESS
        }
        table.pointee.find_method = { owner, name, out in
            let found = FakeHost.shared.methods.last { $0.name == Text(name).string }
            guard let found, let out else { return HARAKA_E_ABSENT }
            out.pointee.function = found.function
            out.pointee.context = found.context
            out.pointee.`self` = owner
            return HARAKA_SUCCESS
        }
    }

    private func fillAnswers() {
        table.pointee.complete = { _, code, reply in
            if FakeHost.shared.isGone { return HARAKA_E_GONE }
            FakeHost.shared.answers.append(Answered(code, reply?.pointee))
            return HARAKA_SUCCESS
        }
        table.pointee.deadline = { _, left in
            left?.pointee = 30_000
            return FakeHost.shared.isGone ? HARAKA_E_GONE : HARAKA_SUCCESS
        }
        table.pointee.on_cancel = { _, callback in
            guard let callback, !FakeHost.shared.isCancelTaken else { return HARAKA_E_STATE }
            FakeHost.shared.endings.append(callback.pointee)
            FakeHost.shared.isCancelTaken = true
            return HARAKA_SUCCESS
        }
        table.pointee.log_enabled = { $0 <= FakeHost.shared.logLevel ? 1 : 0 }
        table.pointee.log = { _, level, _, text in FakeHost.shared.log.append("\(level) \(Text(text).string)") }
        table.pointee.note_set = { _, path, value in
            FakeHost.shared.notes[Text(path).string] = Value(ValueView(value))
            return HARAKA_SUCCESS
        }
        table.pointee.result_add = { _, _, key, value, _ in
            FakeHost.shared.notes["result." + Text(key).string] = Value(ValueView(value))
            return HARAKA_SUCCESS
        }
    }

    private func fillConfiguration() {
        table.pointee.config_get = { _, name, type, _, out in
            FakeHost.shared.reads.append("\(Text(name).string) \(type)")
            out?.pointee = haraka_integer(Int64(FakeHost.shared.reads.count))
            return HARAKA_SUCCESS
        }
        table.pointee.user_config_get = { _, user, name, type, _, later, out in
            let host = FakeHost.shared
            let address = user.map { Text($0.pointee.address).string } ?? ""
            host.reads.append("\(address) \(Text(name).string) \(type)")
            if host.delays > 0, let later {
                host.delays -= 1
                host.later = later.pointee
                return HARAKA_PENDING
            }
            out?.pointee = haraka_integer(Int64(host.reads.count))
            return HARAKA_SUCCESS
        }
        table.pointee.config_watch = { _, name, callback in
            guard FakeHost.shared.status >= 0, let callback else { return FakeHost.shared.status }
            let old = FakeHost.shared.watches.updateValue(callback.pointee, forKey: Text(name).string)
            old?.destroy?(old?.context)
            return HARAKA_SUCCESS
        }
    }

    private func fillTime() {
        table.pointee.timer_start = { _, delay, _, callback, timer in
            guard FakeHost.shared.status >= 0, let callback else { return FakeHost.shared.status }
            FakeHost.shared.log.append("timer \(delay)")
            FakeHost.shared.callbacks.append(callback.pointee)
            timer?.pointee = haraka_timer(bits: 5)
            return HARAKA_SUCCESS
        }
        table.pointee.timer_cancel = { timer in
            FakeHost.shared.log.append("cancelled \(timer.bits)")
            FakeHost.shared.revoke()
            return HARAKA_SUCCESS
        }
        table.pointee.offload = { _, work, callback in
            guard FakeHost.shared.status >= 0, let callback else { return FakeHost.shared.status }
            FakeHost.shared.work = work
            FakeHost.shared.callbacks.append(callback.pointee)
            return HARAKA_SUCCESS
        }
    }
}

extension FakeHost.Answered {
    init(_ code: Int32, _ reply: haraka_reply?) {
        self.init(code: code)
        guard let reply else { return }
        lines = (0..<reply.line_count).map { Text(reply.lines[$0]).string }
        smtp = reply.code
        if reply.status_class != 0 {
            status = [Int(reply.status_class), Int(reply.status_subject), Int(reply.status_detail)]
        }
        if let value = reply.value { self.value = Value(ValueView(value)) }
    }
}

/// A text that lives as long as the test.
func lasting(_ string: String) -> Text {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, string.utf8.count), alignment: 1)
    copy.copyBytes(from: string.utf8)
    return Text(UnsafeRawBufferPointer(rebasing: copy[..<string.utf8.count]))
}

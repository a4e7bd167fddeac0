// What a dead worker left on its fault page, read by whoever outlived it: whom to blame, for what, and where it was.

public import CHarakaFault
import Glibc

/// The end of a worker that nobody asked for.
///
/// A value, made on any thread from the page of a process that has ended. The page was that process's memory, and a
/// plugin may have scribbled on it: no number or text there is trusted.
public struct CrashReport: Sendable, Equatable {
    /// What ended the process.
    public enum Cause: Sendable, Equatable {
        /// A fault: the signal, and the address that could not be used, if the signal has one.
        case signal(Int32, address: UInt64?)
        /// A call held the loop for that long, and the watchdog ended the process.
        case held(milliseconds: UInt32)
        /// The process called exit with that status.
        case exited(status: Int32)
        /// A signal from outside: an operator's, or the kernel's when memory is short.
        case killed(signal: Int32)
    }

    /// How it is known which plugin it was.
    public enum Blame: Sendable, Equatable {
        /// It ran in the thread that faulted, or on the loop when the process ended.
        case frame
        /// Its code was on the stack of the thread that faulted, in no call of the host's.
        case address
        /// It ran in a job when something ended the process, which may have had other reasons.
        case running
        /// It was the last one that had run; the host itself was at work.
        case last
        /// No plugin has run.
        case none
    }

    /// The thread that faulted or held the loop.
    public enum Thread: Sendable, Equatable {
        case loop
        case job
        /// One that a plugin has started by itself, or one of the host's that runs no plugins.
        case other
    }

    /// The plugin that is blamed, or for `Blame.last` only mentioned; nil: none.
    public let plugin: String?
    /// The SHA-256 of its file in hexadecimal.
    public let hash: String?
    /// Its generation; 0 without plugin.
    public let generation: UInt32
    /// The hook that it ran, or another kind of call.
    public let hook: String?
    /// The connection that it ran for, and that connection's remote address.
    public let connection: String?
    public let remote: String?
    public let cause: Cause
    public let blame: Blame
    public let thread: Thread
    /// From the innermost outwards, one line for each frame: `#0 FILE+0xOFFSET SYMBOL`. Empty if there was no fault.
    public let backtrace: [String]

    /// Whether the plugin may be charged: it is known, not guessed, that its call or its code ended the process.
    public var isCertain: Bool { blame == .frame || blame == .address }

    /// Reads the page of a process that has ended.
    ///
    /// - Parameters:
    ///   - page: not written by anybody any more.
    ///   - status: of the process, as waitpid(2) gives it.
    ///   - symbol: the name for an address of a plugin's file, as `symbol+0x12`, asked with the plugin's name and the
    ///     address that its symbol table would have for it; nil: no name is known.
    public init(
        page: UnsafePointer<haraka_fault_page>, status: Int32, symbol: (String, UInt64) -> String? = { _, _ in nil }
    ) {
        let found = Culprit(page)
        cause = Cause(page, status: status)
        blame = found.blame(for: cause)
        thread = found.thread
        hook = found.frame.hookName(page)
        let entry = haraka_fault_plugin_entry(page, found.frame.plugin)
        plugin = entry.flatMap { FaultText.read($0.pointee.name) }
        hash = entry.flatMap { FaultText.read($0.pointee.hash) }
        generation = entry?.pointee.generation ?? 0
        let client = haraka_fault_connection_entry(page, found.frame.connection)
        connection = client.flatMap { FaultText.read($0.pointee.uuid) }
        remote = client.flatMap { FaultText.read($0.pointee.remote) }
        backtrace = Backtrace(page, symbol).lines
    }
}

// MARK: reading

extension CrashReport.Cause {
    /// Signals that a fault sends, and not another process.
    private static let faults: Set<Int32> = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS]

    fileprivate init(_ page: UnsafePointer<haraka_fault_page>, status: Int32) {
        let kind = Int32(bitPattern: page.pointee.record.kind)
        let signal = status & 0x7f
        if kind == HARAKA_FAULT_WATCHDOG {
            self = .held(milliseconds: page.pointee.record.held_ms)
        } else if kind == HARAKA_FAULT_SIGNAL {
            self = .signal(page.pointee.record.signal, address: Self.address(page))
        } else if signal == 0 {
            self = .exited(status: (status >> 8) & 0xff)
        } else {
            self = Self.faults.contains(signal) ? .signal(signal, address: nil) : .killed(signal: signal)
        }
    }

    /// Only faults of the memory or an instruction have an address: not what a process sent, nor the processor's
    /// SI_KERNEL (an address that no memory could ever have).
    private static func address(_ page: UnsafePointer<haraka_fault_page>) -> UInt64? {
        let code = page.pointee.record.code
        return code > 0 && code < 0x80 ? page.pointee.record.address : nil
    }
}

/// Whose frame counts.
private struct Culprit {
    private(set) var frame = haraka_fault_frame()
    private(set) var thread = CrashReport.Thread.loop
    private var how = CrashReport.Blame.none

    init(_ page: UnsafePointer<haraka_fault_page>) {
        if Int32(bitPattern: page.pointee.record.kind) != HARAKA_FAULT_NONE {
            readRecord(page)
        } else if page.pointee.loop.plugin != 0 {
            take(page.pointee.loop, .frame)
        } else {
            readJobs(page)
        }
        if how == .none, page.pointee.last.plugin != 0 { take(page.pointee.last, .last) }
    }

    /// A job cannot be held responsible for a signal that came from outside: any thread may have been meant.
    func blame(for cause: CrashReport.Cause) -> CrashReport.Blame {
        if thread == .job, how == .frame, case .killed = cause { return .running }
        return how
    }

    private mutating func take(_ frame: haraka_fault_frame, _ how: CrashReport.Blame) {
        self.frame = frame
        self.how = how
    }

    private mutating func readRecord(_ page: UnsafePointer<haraka_fault_page>) {
        let byAddress = page.pointee.record.blamed_by_address
        if page.pointee.record.is_loop == 0 { thread = .other }
        if page.pointee.record.frame.plugin != 0 {
            if thread != .loop { thread = .job }
            take(page.pointee.record.frame, .frame)
        } else if byAddress != 0 {
            take(haraka_fault_frame(plugin: byAddress, hook: 0, connection: 0, reserved: 0, calls: 0), .address)
        }
    }

    /// The process ended without a word while only jobs ran.
    private mutating func readJobs(_ page: UnsafePointer<haraka_fault_page>) {
        for index in 0..<UInt32(HARAKA_FAULT_JOBS) {
            guard let job = haraka_fault_job_entry(page, index), job.pointee.frame.plugin != 0 else { continue }
            let isOther = how != .none && job.pointee.frame.plugin != frame.plugin
            take(job.pointee.frame, isOther ? .running : .frame)
            thread = .job
            if isOther { return }
        }
    }
}

extension haraka_fault_frame {
    fileprivate func hookName(_ page: UnsafePointer<haraka_fault_page>) -> String? {
        haraka_fault_hook_entry(page, hook).flatMap { FaultText.read(UnsafeRawBufferPointer(start: $0, count: 64)) }
    }
}

/// Texts of the page.
enum FaultText {
    /// The text of a field: up to its NUL, if it has one. Control characters, which could forge lines of a log, become
    /// `?`. nil if it is empty.
    static func read(_ bytes: UnsafeRawBufferPointer) -> String? {
        let text = bytes.prefix { $0 != 0 }
        guard !text.isEmpty else { return nil }
        return String(decoding: text.map { $0 < 0x20 || $0 == 0x7f ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    }

    /// The same for an array of characters, which Swift sees as a tuple.
    static func read<Characters: BitwiseCopyable>(_ field: Characters) -> String? {
        withUnsafeBytes(of: field) { read($0) }
    }
}

// How a test's process came to its end, when it was not by itself: what was running, and where.

import CHarakaFault
import HarakaPluginHost

/// Read from the fault page, which outlives the process, and from what the test had said last.
struct Death {
    private let crash: CrashReport
    private let said: String

    /// - Parameters:
    ///   - status: as waitpid(2) gives it.
    ///   - said: what the test was about, as the end of a sentence.
    init(_ page: UnsafePointer<haraka_fault_page>, status: Int32, said: String, exports: [ELFExport], plugin: String) {
        self.said = said.isEmpty ? "before the test began" : said
        crash = CrashReport(page: page, status: status) { name, address in
            guard name == plugin else { return nil }
            let symbol = exports.first { $0.kind == .function && ($0.value..<$0.value &+ $0.size).contains(address) }
            return symbol.map { "\($0.name)+0x\(String(address - $0.value, radix: 16))" }
        }
    }

    /// The end of a sentence: "in a timer (after the hook rcpt)".
    var place: String {
        guard let kind else { return said }
        if CheckLoop.Place(rawValue: said) != nil { return kind }
        return said.hasPrefix(kind) ? said : "\(kind) (\(said))"
    }

    /// Calls that are no hooks. Nil: a hook, of which the test knows more, or nothing is known.
    private var kind: String? {
        guard crash.isCertain else { return nil }
        if crash.thread == .other { return "in a thread of its own" }
        let kinds = [
            "load": "while it was mapped", "register": "in haraka_register", "shutdown": "in haraka_shutdown",
            "timer": "in a timer", "post": "in a posted callback", "job": "at the end of a job", "work": "in a job",
            "config": "in the callback for a changed configuration file", "cancel": "in a cancel callback",
            "destroy": "in a destroy function", "unload": "while it was unmapped",
        ]
        return crash.hook.flatMap { kinds[$0] }
    }

    /// The innermost calls, down to where the server called the plugin; "" if nobody wrote them down.
    var calls: String {
        let lines = crash.backtrace.map { $0.split(separator: " ").dropFirst().joined(separator: " ") }
        let own = lines.prefix { !$0.contains("/haraka+0x") }.prefix(4)
        return own.isEmpty ? "" : "it was at \(own.joined(separator: ", called from ")): addr2line -e names the lines"
    }
}

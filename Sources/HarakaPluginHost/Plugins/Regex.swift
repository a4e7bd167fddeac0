// regex/1: PCRE2 with limits, so that no pattern and no subject can hold the loop.

import CPCRE2
import HarakaPluginABI

/// A compiled pattern. On the loop.
final class Regex {
    static let maximumPattern = 64 * 1024
    /// Longer subjects are not searched: a plugin looks at a message line by line.
    static let maximumSubject = 64 * 1024
    /// Steps back that one start position may cost, times the length of the subject. PCRE2's own limit is ten million
    /// whatever the length: seconds, where each step may run through the whole subject again.
    private static let work = 400_000_000
    private static let depthLimit: UInt32 = 10_000
    /// PCRE2's limit begins anew with each start position, so the clock is looked at between some of them.
    private static let milliseconds: Int64 = 50

    /// Compiled patterns run on this stack; PCRE2's own 32 KiB end after some hundred rounds of `(a|b)+`. One for all: only
    /// one pattern runs at a time.
    nonisolated(unsafe) private static let stack = pcre2_jit_stack_create_8(32 * 1024, 1024 * 1024, nil)

    private let code: OpaquePointer
    private let context: OpaquePointer
    private let matches: OpaquePointer
    /// The pattern can match at the start only.
    private let isAnchored: Bool
    let owner: UInt64
    var handle = Handle(bits: 0)

    struct CompileError: Error { let message: String }

    init(_ pattern: UnsafeRawBufferPointer, options: UInt32, owner: UInt64) throws(CompileError) {
        guard pattern.count <= Regex.maximumPattern else { throw CompileError(message: "the pattern is too long") }
        var flags = UInt32(PCRE2_UTF) | UInt32(PCRE2_MATCH_INVALID_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        flags |= UInt32(PCRE2_USE_OFFSET_LIMIT)
        if options & HARAKA_REGEX_CASELESS != 0 { flags |= UInt32(PCRE2_CASELESS) }
        if options & HARAKA_REGEX_ANCHORED != 0 { flags |= UInt32(PCRE2_ANCHORED) | UInt32(PCRE2_ENDANCHORED) }
        var number: Int32 = 0
        var offset = 0
        let empty: [UInt8] = [0]
        let compiled = empty.withUnsafeBytes { empty in
            let start = pattern.baseAddress ?? empty.baseAddress
            return pcre2_compile_8(
                start?.assumingMemoryBound(to: UInt8.self), pattern.count, flags, &number, &offset, nil)
        }
        guard let compiled else { throw CompileError(message: "\(Regex.text(number)) at offset \(offset)") }
        guard let context = pcre2_match_context_create_8(nil),
            let matches = pcre2_match_data_create_from_pattern_8(compiled, nil)
        else {
            pcre2_code_free_8(compiled)
            throw CompileError(message: "no memory")
        }
        pcre2_set_depth_limit_8(context, Regex.depthLimit)
        pcre2_jit_stack_assign_8(context, nil, Regex.stack.map(UnsafeMutableRawPointer.init))
        pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE))
        var all: UInt32 = 0
        pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_ALLOPTIONS), &all)
        isAnchored = all & UInt32(PCRE2_ANCHORED) != 0
        code = compiled
        self.context = context
        self.matches = matches
        self.owner = owner
    }

    deinit {
        pcre2_match_data_free_8(matches)
        pcre2_match_context_free_8(context)
        pcre2_code_free_8(code)
    }

    private static func text(_ number: Int32) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
            let length = pcre2_get_error_message_8(number, buffer.baseAddress, buffer.count)
            return length > 0 ? String(decoding: buffer.prefix(Int(length)), as: UTF8.self) : "error \(number)"
        }
    }

    enum Match: Equatable {
        case none, gaveUp
        /// Offsets of the groups; nil for one that did not take part.
        case groups([Range<Int>?])
    }

    func match(_ subject: UnsafeRawBufferPointer) -> Match {
        guard subject.count <= Regex.maximumSubject else { return .gaveUp }
        let limit = max(20_000, min(200_000, Regex.work / max(1, subject.count)))
        pcre2_set_match_limit_8(context, UInt32(limit))
        let empty: [UInt8] = [0]
        let found = empty.withUnsafeBytes { empty in
            search(UnsafeRawBufferPointer(start: subject.baseAddress ?? empty.baseAddress, count: subject.count))
        }
        guard let found, found >= 0 else { return found == PCRE2_ERROR_NOMATCH ? .none : .gaveUp }
        return groups
    }

    /// Tries one start position, then eight, then 64 ...: a pattern that is slow everywhere is noticed early, and an
    /// ordinary one is through in a few calls. Nil: the time is over.
    private func search(_ subject: UnsafeRawBufferPointer) -> Int32? {
        let bytes = subject.assumingMemoryBound(to: UInt8.self)
        var (start, width) = (0, 1)
        var deadline: Int64?
        while true {
            let last = isAnchored ? bytes.count : min(bytes.count, start + width - 1)
            pcre2_set_offset_limit_8(context, last)
            let found = pcre2_match_8(code, bytes.baseAddress, bytes.count, start, 0, matches, context)
            guard found == PCRE2_ERROR_NOMATCH, last < bytes.count else { return found }
            start = last + 1
            // Not into the middle of a character.
            while start < bytes.count, bytes[start] & 0xc0 == 0x80 { start += 1 }
            width *= 8
            let now = Clock.monotonic()
            if now > deadline ?? now { return nil }
            deadline = deadline ?? now + Regex.milliseconds
        }
    }

    private var groups: Match {
        guard let offsets = pcre2_get_ovector_pointer_8(matches) else { return .gaveUp }
        return .groups(
            (0..<Int(pcre2_get_ovector_count_8(matches))).map { group in
                // Swift reads a size_t as Int, and so PCRE2_UNSET, the greatest size_t, as -1.
                let (start, end) = (offsets[2 * group], offsets[2 * group + 1])
                return start < 0 || start > end ? nil : start..<end
            })
    }
}

// regex/1: PCRE2 with limits, so that no pattern and no subject can hold the loop.

import CPCRE2
import HarakaPluginABI

/// A compiled pattern. On the loop.
final class Regex {
    static let maximumPattern = 64 * 1024
    /// PCRE2's default is ten million: seconds on a hostile subject. This is some milliseconds.
    private static let matchLimit: UInt32 = 200_000
    private static let depthLimit: UInt32 = 10_000

    private let code: OpaquePointer
    private let context: OpaquePointer
    private let matches: OpaquePointer
    let owner: UInt64
    var handle = Handle(bits: 0)

    struct CompileError: Error { let message: String }

    init(_ pattern: UnsafeRawBufferPointer, options: UInt32, owner: UInt64) throws(CompileError) {
        guard pattern.count <= Regex.maximumPattern else { throw CompileError(message: "the pattern is too long") }
        var flags = UInt32(PCRE2_UTF) | UInt32(PCRE2_MATCH_INVALID_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C)
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
        pcre2_set_match_limit_8(context, Regex.matchLimit)
        pcre2_set_depth_limit_8(context, Regex.depthLimit)
        pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE))
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
        let empty: [UInt8] = [0]
        let found = empty.withUnsafeBytes { empty in
            let start = (subject.baseAddress ?? empty.baseAddress)?.assumingMemoryBound(to: UInt8.self)
            return pcre2_match_8(code, start, subject.count, 0, 0, matches, context)
        }
        guard found >= 0 else { return found == PCRE2_ERROR_NOMATCH ? .none : .gaveUp }
        guard let offsets = pcre2_get_ovector_pointer_8(matches) else { return .gaveUp }
        let unset = Int(bitPattern: UInt.max)
        return .groups(
            (0..<Int(pcre2_get_ovector_count_8(matches))).map { group in
                let (start, end) = (Int(bitPattern: UInt(offsets[2 * group])), Int(bitPattern: UInt(offsets[2 * group + 1])))
                return start == unset || start > end ? nil : start..<end
            })
    }
}

// Why a file is no shared library that this host could load, as sentences for a mail administrator.

/// Why ``ELFImage`` could not read a file.
///
/// ``description`` says what is wrong and what to do, and is written to follow "PATH: ".
public enum ELFError: Error, Equatable, Sendable {
    /// No byte at all.
    case empty
    /// The magic number is missing; `start` is the printable beginning of the file, quoted.
    case notELF(start: String)
    /// `what` (as in "its program headers") would end at byte `end` of a file of `size` bytes.
    case truncated(what: String, end: UInt64, size: UInt64)
    /// A file of 32-bit code.
    case not64Bit
    /// A file for a big-endian machine.
    case bigEndian
    /// Code for another machine than this host's.
    case foreignMachine(found: String, host: String)
    /// Code for another operating system: byte 7 of the file (EI_OSABI).
    case foreignSystem(UInt8)
    /// An executable, an object file or a core dump; `kind` has its article.
    case notSharedLibrary(kind: String)
    /// The structure contradicts itself; the text says where.
    case malformed(String)
}

extension ELFError: CustomStringConvertible {
    /// One sentence without its full stop: what is wrong, and what to do.
    public var description: String {
        switch self {
        case .empty:
            "the file is empty: build the plugin again, or copy it again"
        case .notELF(let start):
            "not an ELF file: starts with \(start), but a plugin is a shared library: link it with -shared -fPIC"
        case .truncated(let what, let end, let size):
            "the file is cut off: \(what) would end at byte \(end), but the file has \(size) bytes: copy it again"
        case .not64Bit:
            "a 32-bit ELF file, and this server is 64-bit: build the plugin for \(ELFMachine.host.name)"
        case .bigEndian:
            "a big-endian ELF file, and this server is little-endian: build the plugin for \(ELFMachine.host.name)"
        case .foreignMachine(let found, let host):
            "built for \(found), but this server runs on \(host): build the plugin for \(host)"
        case .foreignSystem(let number):
            "built for another operating system (OS ABI \(number)): build the plugin on Linux"
        case .notSharedLibrary(let kind):
            "\(kind), not a shared library: link the plugin with -shared -fPIC"
        case .malformed(let what):
            "the ELF file is damaged: \(what): build the plugin again, or copy it again"
        }
    }
}

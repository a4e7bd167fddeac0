// Shared libraries for the tests of this folder, built by cc in a temporary folder.

import Foundation
import Glibc

@testable import HarakaPluginHost

/// A temporary folder that goes with its owner.
final class TemporaryFolder {
    /// Absolute, without symbolic links.
    let path: String

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/haraka-files-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: errno \(errno)") }
        let made = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let real = realpath(made, nil) else { throw TestFailure("realpath: errno \(errno)") }
        defer { free(real) }
        path = String(cString: real)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file, making the folders above it, with permissions that nobody's umask changes.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws -> String {
        let file = path + "/" + name
        let folder = (file as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        guard chmod(file, mode) == 0 else { throw TestFailure("chmod \(file): errno \(errno)") }
        return file
    }

    /// Builds a shared library, or with another `link` option something else, from C.
    @discardableResult
    func build(
        _ source: String, _ options: [String] = [], as name: String = "x.so", link: String = "-shared"
    ) throws -> String {
        let file = try write(name, [])
        let input = try write("\(name).c", Array(source.utf8))
        try run(["cc", link, "-fPIC", "-O1", "-o", file, input] + options)
        guard chmod(file, 0o755) == 0 else { throw TestFailure("chmod \(file): errno \(errno)") }
        return file
    }
}

/// What went wrong in the making of a test, and not in what it tests.
struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Runs a command that must succeed.
private func run(_ command: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw TestFailure(String(decoding: text, as: UTF8.self)) }
}

func fileBytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The bytes of a shared library built from `source`.
func library(_ source: String, _ options: [String] = []) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    // The folder must outlast the reading.
    return try withExtendedLifetime(folder) { try fileBytes(folder.build(source, options)) }
}

/// C source of a note with this text, where `\0` stands for a NUL; it is written without quotes.
func noteSource(_ text: String, owner: String = "Haraka", type: Int = 1, variable: String = "note") -> String {
    """
    static const struct { unsigned n, d, t; char o[8]; char s[sizeof("\(text)")]; } \(variable)
        __attribute__((section(".note.haraka"), used, aligned(4))) =
        {\(owner.utf8.count + 1), sizeof("\(text)"), \(type), "\(owner)", "\(text)"};

    """
}

/// C source of a plugin that passes every check against ABI 0.1.
let goodPlugin =
    noteSource("format=1\\0name=x\\0abi=0.1\\0") + "int haraka_register(const void *host) { return host != 0; }\n"

/// What reading these bytes throws; nil if it does not.
func readError(_ bytes: [UInt8]) -> ELFError? {
    do throws(ELFError) {
        _ = try ELFImage.read(bytes)
        return nil
    } catch {
        return error
    }
}

extension [UInt8] {
    /// A copy with other bytes at `offset`.
    func patched(_ offset: Int, _ bytes: UInt8...) -> [UInt8] {
        var copy = self
        copy.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        return copy
    }

    /// The ELF file without its section headers, as tools that strip them leave it: e_shoff, e_shnum and e_shstrndx 0.
    var withoutSectionHeaders: [UInt8] {
        patched(40, 0, 0, 0, 0, 0, 0, 0, 0).patched(60, 0, 0, 0, 0)
    }

    /// The offset of the first program header of this type.
    func programHeader(_ type: UInt32) -> Int? {
        withUnsafeBytes { bytes in
            let count = Int(bytes.loadUnaligned(fromByteOffset: 56, as: UInt16.self))
            return (0..<count).map { 64 + $0 * 56 }.first {
                bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self) == type
            }
        }
    }

    /// The offset of the first section header of this type.
    func sectionHeader(_ type: UInt32) -> Int? {
        withUnsafeBytes { bytes in
            let start = Int(bytes.loadUnaligned(fromByteOffset: 40, as: UInt64.self))
            let count = Int(bytes.loadUnaligned(fromByteOffset: 60, as: UInt16.self))
            return (0..<count).map { start + $0 * 64 }.first {
                bytes.loadUnaligned(fromByteOffset: $0 + 4, as: UInt32.self) == type
            }
        }
    }

    /// The offset in the file of the first dynamic entry with this tag.
    func dynamicEntry(_ tag: UInt64) -> Int? {
        guard let header = programHeader(ELFSegment.Kind.dynamic) else { return nil }
        return withUnsafeBytes { bytes in
            let start = Int(bytes.loadUnaligned(fromByteOffset: header + 8, as: UInt64.self))
            let size = Int(bytes.loadUnaligned(fromByteOffset: header + 32, as: UInt64.self))
            return stride(from: start, to: start + size, by: 16).first {
                bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self) == tag
            }
        }
    }
}

// Compiles the animals of the zoo: C files of Tests/ABI/zoo, each once per run of the tests.

import Foundation
import Glibc

@testable import HarakaPluginHost

struct ZooFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Where sources are, and what was compiled already.
enum ZooBuilder {
    private static let lock = ZooLock()
    nonisolated(unsafe) private static var built: [String: Result<[UInt8], ZooFailure>] = [:]

    /// The root of the repository: the nearest folder above this file that has the contract.
    static let repository: String = {
        let here = realpath(#filePath, nil)
        defer { free(here) }
        var folder = here.map { URL(fileURLWithPath: String(cString: $0)) } ?? URL(fileURLWithPath: #filePath)
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            let header = folder.appendingPathComponent("Sources/HarakaPluginABI/include/haraka/plugin.h").path
            if FileManager.default.fileExists(atPath: header) { break }
        }
        return folder.path
    }()

    static func source(_ name: String) -> String { "\(repository)/Tests/ABI/zoo/\(name)" }

    /// The bytes of a shared object made of one C file.
    static func library(_ source: String, _ options: [String]) throws -> [UInt8] {
        let text = try String(contentsOfFile: self.source(source), encoding: .utf8)
        let key = ([text] + options).joined(separator: "\0")
        if let known = lock.with({ built[key] }) { return try known.get() }
        let result = Result { try compile(source, options) }.mapError { ZooFailure("\($0)") }
        lock.with { built[key] = result }
        return try result.get()
    }

    private static func compile(_ source: String, _ options: [String]) throws -> [UInt8] {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let output = "\(folder)/x.so"
        let command =
            ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-Wl,-z,noexecstack"]
            + ["-I", "\(repository)/Sources/HarakaPluginABI/include", "-I", "\(repository)/Tests/ABI/zoo"]
            + ["-o", output, self.source(source)] + options
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ZooFailure(String(decoding: text, as: UTF8.self)) }
        return Array(try Data(contentsOf: URL(fileURLWithPath: output)))
    }

    /// A new folder that nobody else may write to, without symbolic links in its path.
    static func makeFolder() throws -> String {
        var template = Array((NSTemporaryDirectory() + "/haraka-zoo-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw ZooFailure("mkdtemp: errno \(errno)") }
        let made = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let real = realpath(made, nil) else { throw ZooFailure("realpath: errno \(errno)") }
        defer { free(real) }
        return String(cString: real)
    }
}

// The golden files: which there are, and where.

import Foundation
import Glibc
import Testing

@testable import HarakaPluginHost

/// A language that has a golden plugin.
enum Golden: String, CaseIterable, Codable, Sendable, CustomTestStringConvertible {
    case c
    case cpp
    case rust
    case embeddedSwift = "embedded-swift"
    case swift

    var testDescription: String { rawValue }

    /// Those that need what every machine has that runs the server.
    static let selfContained = allCases.filter { $0 != .swift }

    #if arch(x86_64)
        static let fitsMachine = true
    #else
        static let fitsMachine = false
    #endif

    /// Versions of the contract that there are files for. A version stays here for good from 1.0 on.
    static let versions = ["0.5"]

    static let folder: String = {
        let real = realpath(#filePath, nil)
        defer { free(real) }
        let file = real.map { String(cString: $0) } ?? #filePath
        return URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Golden").path
    }()

    func file(_ version: String) -> String { "\(Golden.folder)/\(rawValue)-\(version).so" }

    /// Why the file cannot be loaded on this machine, through no fault of the server: the Swift library of this process is
    /// not there or lacks what the file wants of it.
    func missing(_ version: String) throws -> String? {
        guard self == .swift else { return nil }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file(version)))
        let summary = try bytes.withUnsafeBytes { try ELFImage.read($0) }
        // Looked up, not loaded: a library with Swift in it would stay in the process of all tests.
        let absent = summary.imports.map(\.name).filter { $0.hasPrefix("$s") || $0.hasPrefix("swift_") }
            .first { dlsym(nil, $0) == nil }
        return absent.map { "the Swift library of this process has no \($0)" }
    }
}

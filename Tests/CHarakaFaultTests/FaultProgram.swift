// The cases of Tests/ABI/fault, each run in a process of its own, which may crash. What it leaves is read from its page.

import CHarakaFault
import Foundation
import Glibc

struct FaultFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Compiles the worker in miniature and its plugin, once for each run of the tests.
enum FaultProgram {
    private static let built = Result { try build() }

    private static let repository: URL = {
        let here = realpath(#filePath, nil)
        defer { free(here) }
        let file = here.map { URL(fileURLWithPath: String(cString: $0)) } ?? URL(fileURLWithPath: #filePath)
        return file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }()

    private static func build() throws -> String {
        var template = Array((NSTemporaryDirectory() + "/haraka-fault-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw FaultFailure("mkdtemp: errno \(errno)") }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        FaultFolder.removeAtEnd(folder)
        let room = repository.appendingPathComponent("Sources/CHarakaFault")
        let cases = repository.appendingPathComponent("Tests/ABI/fault")
        let include = ["-I", room.appendingPathComponent("include").path]
        let files = try (sources(room) + sources(cases)).filter { !$0.hasSuffix("/fault_plugin.c") }
        try compile(["-pthread", "-o", "\(folder)/cases"] + include + files + ["-ldl"])
        let plugin = cases.appendingPathComponent("fault_plugin.c").path
        try compile(["-shared", "-fPIC", "-pthread", "-o", "\(folder)/plugin.so"] + include + [plugin])
        return folder
    }

    private static func sources(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".c") }.sorted()
            .map { folder.appendingPathComponent($0).path }
    }

    private static func compile(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"] + arguments
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw FaultFailure(String(decoding: text, as: UTF8.self)) }
    }

    /// Runs a case to its end.
    ///
    /// - Parameter stopTime: in microseconds: how long a process that stops itself stays stopped.
    static func run(_ name: String, stopTime: UInt32 = 0) throws -> Ended {
        let folder = try built.get()
        var descriptor: Int32 = -1
        guard let page = haraka_fault_page_create(&descriptor) else { throw FaultFailure("page: errno \(errno)") }
        defer { close(descriptor) }
        let errors = open("\(folder)/\(name).\(descriptor)", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(errors) }
        let child = try spawn(["\(folder)/cases", name, "\(folder)/plugin.so"], page: descriptor, errors: errors)
        let status = try wait(for: child, stopTime)
        let text = FileHandle(fileDescriptor: errors, closeOnDealloc: false)
        try text.seek(toOffset: 0)
        return Ended(
            page: page, child: child, status: status, errors: String(decoding: text.availableData, as: UTF8.self))
    }

    private static func spawn(_ words: [String], page: Int32, errors: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Two steps: one of them may be 3 already, and what is moved onto itself stays closed on exec.
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        posix_spawn_file_actions_adddup2(&actions, page, 1)
        posix_spawn_file_actions_adddup2(&actions, 1, 3)
        var arguments = words.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        arguments.append(nil)
        var child: pid_t = 0
        let error = posix_spawn(&child, words[0], &actions, nil, arguments, environ)
        guard error == 0 else { throw FaultFailure("posix_spawn: errno \(error)") }
        return child
    }

    private static func wait(for child: pid_t, _ stopTime: UInt32) throws -> Int32 {
        var status: Int32 = 0
        while true {
            guard waitpid(child, &status, WUNTRACED) == child else { throw FaultFailure("waitpid: errno \(errno)") }
            guard status & 0xff == 0x7f else { return status }
            // Not to wait for something: being stopped for that long is what the case is about.
            usleep(stopTime)
            kill(child, SIGCONT)
        }
    }
}

/// A process that has ended, and what is on its page, which stays mapped until the tests end.
struct Ended {
    let page: UnsafeMutablePointer<haraka_fault_page>
    let child: pid_t
    let status: Int32
    /// What it wrote to standard error.
    let errors: String

    /// The signal that it died of; 0: none.
    var signal: Int32 { status & 0x7f }
    /// Its exit status; nil: it died of a signal.
    var exitStatus: Int32? { signal == 0 ? (status >> 8) & 0xff : nil }

    var kind: Int32 { Int32(bitPattern: page.pointee.record.kind) }
    var addresses: [UInt64] { (0..<page.pointee.record.count).map { haraka_fault_address(page, $0) } }

    /// The name of the plugin with that number of a frame; nil: none.
    func plugin(_ number: UInt32) -> String? {
        haraka_fault_plugin_entry(page, number).map {
            withUnsafeBytes(of: $0.pointee.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
    }

    /// `PLUGIN HOOK UUID` of a frame, `-` for what it does not name.
    func text(_ frame: haraka_fault_frame) -> String {
        let hook = haraka_fault_hook_entry(page, frame.hook).map { String(cString: $0) }
        let uuid = haraka_fault_connection_entry(page, frame.connection).map {
            withUnsafeBytes(of: $0.pointee.uuid) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return [plugin(frame.plugin), hook, uuid].map { $0 ?? "-" }.joined(separator: " ")
    }

    /// The memory map that it saved.
    var map: String {
        var size: UInt32 = 0
        guard let start = haraka_fault_maps(page, &size) else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: start, count: Int(size)), as: UTF8.self)
    }

    /// Whether an address was executable code of a file with that end of its name.
    func isCode(_ address: UInt64, of file: String) -> Bool {
        map.split(separator: "\n").contains { line in
            let fields = line.split(separator: " ")
            let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            return line.hasSuffix(file) && fields[1].contains("x") && ends[0] <= address && address < ends[1]
        }
    }
}

/// The folder of what was compiled.
private enum FaultFolder {
    /// Written once, before the first case.
    nonisolated(unsafe) private static var path: String?

    static func removeAtEnd(_ folder: String) {
        path = folder
        atexit { if let path = FaultFolder.path { try? FileManager.default.removeItem(atPath: path) } }
    }
}

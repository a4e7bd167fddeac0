// The zoo: a plugin host with a loop, a log and plugins of its own, for one test.

import CHarakaFault
import Foundation
import Glibc
import HarakaCore
import HarakaPluginABI
import HarakaTestKit
import Testing

@testable import HarakaPluginHost

/// All tests of the zoo. One at a time: there is one plugin host per process.
@Suite("the ABI zoo", .serialized) enum ZooTests {}

/// Runs a test in a zoo of its own and takes that down again.
func withZoo(_ body: (Zoo) throws -> Void) throws {
    OnlyHost.turn.wait()
    defer { OnlyHost.turn.signal() }
    let zoo = try Zoo()
    defer { zoo.close() }
    try body(zoo)
}

final class Zoo {
    let loop = ZooLoop()
    let log = ZooLog()
    let configuration = ZooConfiguration()
    private(set) var host: PluginHost
    /// The folder with the plugins.
    let folder: String
    private var clients: [ZooClient] = []

    init() throws {
        folder = try ZooBuilder.makeFolder()
        host = PluginHost(
            loop: loop, log: log, configuration: configuration, roots: [folder], version: "zoo 1.0")
    }

    /// Takes another host, whose fault page is this one, which has been installed. On the loop, before anything is
    /// loaded.
    func use(_ page: UnsafeMutablePointer<haraka_fault_page>) {
        host.close()
        host = PluginHost(
            loop: loop, log: log, configuration: configuration, roots: [folder], version: "zoo 1.0", page: page)
        host.faults.isInstalled = true
    }

    /// Puts a plugin into the folder under that name.
    func install(_ name: String, _ source: String, _ defines: String...) throws {
        try install(name, source, options: defines.map { "-D\($0)" })
    }

    func install(_ name: String, _ source: String, options: [String]) throws {
        try write(name, try ZooBuilder.library(source, ["-DZOO_NAME=\"\(name)\""] + options))
    }

    /// Puts any bytes into the place of a plugin.
    func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws {
        let path = path(name)
        // A new file, as an installer would: the old one may be mapped.
        unlink(path)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        guard chmod(path, mode) == 0 else { throw ZooFailure("chmod \(path): errno \(errno)") }
    }

    func path(_ name: String) -> String { "\(folder)/\(name).so" }

    /// Finds, checks and registers plugins; nobody uses them yet.
    func build(_ names: [String], timeout: Double = 30, ignoresBad: Bool = false) throws -> Generation {
        let prepared = try PluginLoader(roots: [folder], ignoresBad: ignoresBad).prepare(names) { _ in timeout }
        return try loop.run { () throws(PluginLoadError) in try host.build(prepared) }
    }

    /// Loads plugins for the clients to come.
    @discardableResult
    func load(_ names: String..., timeout: Double = 30) throws -> Generation {
        let generation = try build(names, timeout: timeout)
        commit(generation)
        return generation
    }

    func commit(_ generation: Generation) {
        loop.run { host.commit(generation) }
        loop.drain()
    }

    /// Why these plugins are not loaded; nil if they are.
    func refusal(_ names: String...) -> String? {
        do {
            _ = try build(names)
            return nil
        } catch {
            return "\(error)"
        }
    }

    func connect(_ uuid: String = "CLIENT") -> ZooClient {
        let client = ZooClient(self, uuid)
        clients.append(client)
        loop.run { host.begin(client) }
        return client
    }

    /// Ends the running generations. False: it takes its time.
    func stop(within milliseconds: Int64 = 5000) -> Bool {
        let isDone = ZooFlag()
        loop.run { host.stop(within: milliseconds) { isDone.raise() } }
        loop.drain()
        return isDone.isRaised
    }

    func close() {
        for client in clients { client.end() }
        if !stop() { loop.advance(31_000) }
        loop.run { host.close() }
        loop.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func heard() -> [String] {
        loop.drain()
        return log.heard()
    }
}

/// Something that happens on the loop and is looked at elsewhere.
final class ZooFlag: @unchecked Sendable {
    private let lock = ZooLock()
    private var value = false
    var isRaised: Bool { lock.with { value } }
    func raise() { lock.with { value = true } }
}

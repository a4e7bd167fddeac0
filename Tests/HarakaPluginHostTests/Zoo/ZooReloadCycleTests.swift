// Loading and unmapping again and again: nothing is left over, and every copy is its own.

import Foundation
import Glibc
import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

/// What this process has open and mapped of plugins.
private struct Footprint: Equatable {
    let descriptors: Int
    let mappings: Int

    init(_ names: [String]) throws {
        let links = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { number in
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
        }
        let isOurs = { (text: String) in names.contains { text.contains("memfd:\($0).so") } }
        descriptors = links.count(where: isOurs)
        let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
        mappings = maps.split(separator: "\n").map(String.init).count(where: isOurs)
    }
}

extension ZooTests {
    @Suite("load and unload cycles") struct Cycles {
        private static let mark = Array("STAMP-000000".utf8)

        /// The bytes of a plugin that answers with its number.
        private func stamped(_ bytes: [UInt8], _ number: Int) throws -> [UInt8] {
            let start = try #require(bytes.firstRange(of: Cycles.mark)?.lowerBound)
            var copy = bytes
            let digits = String(number + 1_000_000).utf8.dropFirst()
            copy.replaceSubrange((start + 6)..<(start + 12), with: digits)
            return copy
        }

        @Test("three hundred generations, each with other bytes, leave neither a descriptor nor a mapping")
        func many() throws {
            try withZoo { zoo in
                let bytes = try ZooBuilder.library("host_unload.c", ["-DZOO_NAME=\"cycle\""])
                try zoo.install("family", "host_family.c")
                try zoo.install("child", "host_family.c", "PARENT=\"family\"")
                let names = ["cycle", "family", "child"]
                #expect(try Footprint(names).descriptors == 0)
                for number in 1...300 {
                    try zoo.write("cycle", stamped(bytes, number))
                    try zoo.load("cycle", "child")
                    let client = zoo.connect()
                    #expect(client.ask(mail) == .cont)
                    #expect(zoo.heard().contains("cycle: STAMP-\(String(number + 1_000_000).dropFirst())"))
                    if number.isMultiple(of: 100) {
                        // Three objects, and of each the file's copy for reading.
                        #expect(try Footprint(names).descriptors == 3)
                    }
                    client.end()
                }
                #expect(zoo.stop())
                #expect(zoo.unloaded == 900)
                #expect(zoo.inert == 0)
                #expect(try Footprint(names) == Footprint(["no such plugin"]))
            }
        }

        @Test("two generations at a time, the older one ends first: each keeps its own code and variables")
        func overlapping() throws {
            try withZoo { zoo in
                let bytes = try ZooBuilder.library("host_unload.c", ["-DZOO_NAME=\"cycle\""])
                var last: ZooClient?
                for number in 1...50 {
                    try zoo.write("cycle", stamped(bytes, number))
                    try zoo.load("cycle")
                    let client = zoo.connect()
                    for one in [last, client].compactMap({ $0 }) { #expect(one.ask(mail) == .cont) }
                    last?.end()
                    let said = zoo.heard().filter { $0.contains("STAMP") }
                    let wanted = (number == 1 ? [1] : [number - 1, number]).map {
                        "cycle: STAMP-\(String($0 + 1_000_000).dropFirst())"
                    }
                    #expect(said == wanted)
                    last = client
                }
                #expect(zoo.unloaded == 49)
            }
        }

        @Test("the same bytes are refused while they are mapped, and may be used again when they are sealed anew")
        func resealed() throws {
            try withZoo { zoo in
                try zoo.install("v", "versions.c", "VERSION=\"1\"")
                let prepared = try PluginLoader(roots: [zoo.folder]).prepare(["v"]) { _ in 30 }
                let first = try zoo.loop.run { () throws(PluginLoadError) in try zoo.host.build(prepared) }
                zoo.commit(first)
                #expect(zoo.connect().ask(mail) == .cont)
                #expect(throws: PluginLoadError("v", "is mapped already: it must be sealed anew")) {
                    try zoo.loop.run { () throws(PluginLoadError) in _ = try zoo.host.build(prepared) }
                }
                let again = try prepared.resealed()
                #expect(again.plugins[0].hash == prepared.plugins[0].hash)
                #expect(again.plugins[0].descriptor != prepared.plugins[0].descriptor)
                let second = try zoo.loop.run { () throws(PluginLoadError) in try zoo.host.build(again) }
                zoo.commit(second)
                #expect(zoo.connect().ask(mail) == .cont)
                let heard = zoo.heard().filter { $0.contains("call") }
                #expect(heard == ["v: version 1, call 1", "v: version 1, call 1"])
            }
        }
    }
}

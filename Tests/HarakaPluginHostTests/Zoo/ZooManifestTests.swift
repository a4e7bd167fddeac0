// Prepared plugins on their way to another process.

import Glibc
import HarakaCore
import HarakaPluginABI
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("the manifest") struct Manifests {
        /// What a worker gets: the words, and descriptors with other numbers.
        private func sent(_ prepared: PreparedPlugins) throws -> PluginManifest {
            let manifest = prepared.manifest
            let copies = manifest.descriptors.map { dup($0) }
            return try #require(PluginManifest(fields: manifest.fields, descriptors: copies))
        }

        @Test("plugins, parents, stand-ins, limits and notices arrive, and the same bytes run")
        func arrives() throws {
            try withZoo { zoo in
                try zoo.install("p", "host_family.c")
                try zoo.install("c", "host_family.c", "PARENT=\"p\"")
                try zoo.install("v", "versions.c", "VERSION=\"1\"")
                let prepared = try PluginLoader(roots: [zoo.folder], ignoresBad: true)
                    .prepare(["c", "v", "c", "none"]) { $0 == "c" ? 0.5 : 7 }
                    .standingIn(for: "v", hooks: ["mail@3", "rcpt"], reason: "two\nlines")
                let manifest = try sent(prepared)
                #expect(manifest.entries.map(\.kind) == [.plugin, .tempfail, .parent])
                // Nothing is looked for on the disk any more.
                for name in ["p", "c", "v"] { unlink(zoo.path(name)) }
                let arrived = try PreparedPlugins(manifest)
                #expect(arrived.manifest.fields == prepared.manifest.fields)
                #expect(arrived.notices.map(\.text) == prepared.notices.map(\.text))
                #expect(arrived.notices.count == 2)
                let generation = try zoo.load(arrived)
                #expect(zoo.connect().ask(.rcpt(mailArguments))?.code == .denySoft)
                #expect(zoo.connect().ask(mail)?.code == .denySoft)
                #expect(zoo.heard() == ["c: word of p"])
                #expect(generation.plugins.map(\.timeout) == [500, 0])
                #expect(generation.plugins[0].object.file?.hash == prepared.plugins[0].hash)
            }
        }

        @Test("descriptors of a manifest that cannot be used are closed")
        func closed() throws {
            try withZoo { zoo in
                for name in ["a", "b"] { try zoo.install(name, "versions.c", "VERSION=\"1\"") }
                var manifest = try sent(zoo.prepare("a", "b", "a"))
                let (first, second) = (manifest.entries[0].descriptor, manifest.entries[1].descriptor)
                // Not sealed.
                let broken = open("/dev/null", O_RDONLY | O_CLOEXEC)
                close(first)
                manifest.entries[0].descriptor = broken
                #expect(throws: PluginLoadError.self) { try PreparedPlugins(manifest) }
                for descriptor in [broken, second] { #expect(fcntl(descriptor, F_GETFD) == -1) }
            }
        }

        @Test("another ABI is refused when it arrives")
        func abi() throws {
            try withZoo { zoo in
                try zoo.install("a", "versions.c", "VERSION=\"1\"")
                let manifest = try sent(zoo.prepare("a"))
                #expect(throws: PluginLoadError.self) {
                    try PreparedPlugins(manifest, abi: ABIVersion(major: 9, minor: 0))
                }
            }
        }

        @Test("words that are no manifest are refused: cut, with more, with too few or too many descriptors")
        func malformed() throws {
            try withZoo { zoo in
                try zoo.install("a", "versions.c", "VERSION=\"1\"")
                try zoo.install("b", "versions.c", "VERSION=\"1\"")
                let prepared = try zoo.prepare("a", "a", "b").standingIn(for: "b", hooks: ["mail"], reason: "")
                let manifest = prepared.manifest
                let (fields, descriptors) = (manifest.fields, manifest.descriptors)
                #expect(PluginManifest(fields: fields, descriptors: descriptors) != nil)
                for count in 0..<fields.count {
                    #expect(PluginManifest(fields: Array(fields.prefix(count)), descriptors: descriptors) == nil)
                }
                #expect(PluginManifest(fields: fields + ["x"], descriptors: descriptors) == nil)
                #expect(PluginManifest(fields: fields, descriptors: []) == nil)
                #expect(PluginManifest(fields: fields, descriptors: descriptors + [0]) == nil)
                #expect(PluginManifest(fields: fields, descriptors: [-1]) == nil)
                for (index, field) in fields.enumerated() where Int(field) != nil {
                    for wrong in ["-1", "x", "99999999999999999999", ""] {
                        var fields = fields
                        fields[index] = wrong
                        _ = PluginManifest(fields: fields, descriptors: descriptors)
                    }
                }
            }
        }
    }
}

// Files that are no plugins, or not this host's: refused with one line that says why, before anything of them runs.

import Foundation
import Glibc
import HarakaCore
import Testing

@testable import HarakaPluginHost

extension ZooTests {
    @Suite("malformed files") struct Malformed {
        /// The message after "plugin x: <path>".
        private func refusal(_ zoo: Zoo, _ bytes: [UInt8], mode: mode_t = 0o644) throws -> String {
            try zoo.write("x", bytes, mode: mode)
            let text = zoo.refusal("x") ?? "loaded"
            let start = "plugin x: \(zoo.path("x"))"
            #expect(text.hasPrefix(start))
            #expect(!text.contains("\n"))
            return String(text.dropFirst(start.count))
        }

        @Test("truncated at any of many places, the file is refused and never mapped half")
        func truncated() throws {
            try withZoo { zoo in
                let whole = try ZooBuilder.library("order.c", ["-DZOO_NAME=\"x\""])
                for part in [1, 3, 16, 63, 64, 65, 200, 1000, whole.count / 2, whole.count - 1] {
                    #expect(try !refusal(zoo, Array(whole.prefix(part))).isEmpty)
                }
                #expect(zoo.heard().isEmpty)
            }
        }

        @Test("an empty file, text, and a file for another machine are refused, each in its own words")
        func otherFiles() throws {
            try withZoo { zoo in
                #expect(try refusal(zoo, []).contains("empty"))
                #expect(try refusal(zoo, Array("#!/bin/sh\necho plugin\n".utf8)) != "")
                var foreign = try ZooBuilder.library("order.c", ["-DZOO_NAME=\"x\""])
                // e_machine: RISC-V.
                foreign[18] = 243
                foreign[19] = 0
                let machines = "built for \(ELFMachine.name(of: 243)), but this server runs on \(ELFMachine.host.name)"
                #expect(try refusal(zoo, foreign).contains(machines))
            }
        }

        @Test("what is no file is refused without waiting for it: a folder is passed over, a pipe is not opened")
        func noFile() throws {
            try withZoo { zoo in
                #expect(mkfifo(zoo.path("x"), 0o644) == 0)
                let refusal = "plugin x: \(zoo.path("x")) is not a regular file: put the plugin's .so there"
                #expect(zoo.refusal("x") == refusal)
                unlink(zoo.path("x"))
                #expect(mkdir(zoo.path("x"), 0o755) == 0)
                #expect(zoo.refusal("x") == "plugin x: not found: there is no \(zoo.path("x"))")
            }
        }

        @Test("a file that its group may write is refused with the chmod that helps, and so is an open folder")
        func writable() throws {
            try withZoo { zoo in
                let bytes = try ZooBuilder.library("order.c", ["-DZOO_NAME=\"x\""])
                let chmodFile = ": run: chmod go-w \(zoo.path("x"))"
                #expect(try refusal(zoo, bytes, mode: 0o664) == " can be changed by its group or by anyone\(chmodFile)")
                #expect(try refusal(zoo, bytes, mode: 0o646).hasSuffix(chmodFile))
                #expect(chmod(zoo.folder, 0o777) == 0)
                #expect(try refusal(zoo, bytes).hasSuffix("run: chmod go-w \(zoo.folder)"))
                #expect(chmod(zoo.folder, 0o755) == 0)
                try zoo.write("x", bytes)
                #expect(zoo.refusal("x") == nil)
            }
        }

        @Test("another ABI is refused by its note")
        func abi() throws {
            try withZoo { zoo in
                let bytes = try ZooBuilder.library("wrong_abi.c", ["-DZOO_NAME=\"x\""])
                #expect(try refusal(zoo, bytes).contains(" needs plugin ABI 0.99, but this server has 0.5"))
            }
        }

        @Test("a library without haraka_register or without a note is refused")
        func noRegister() throws {
            try withZoo { zoo in
                let silent = try ZooBuilder.library("no_register.c", ["-DZOO_NAME=\"x\""])
                #expect(try refusal(zoo, silent).hasPrefix(" exports no haraka_register"))
                let bare = try ZooBuilder.library("no_register.c", ["-DZOO_NAME=\"x\"", "-DLIBRARY"])
                #expect(try refusal(zoo, bare).hasPrefix(" has no plugin note"))
            }
        }

        @Test("a symbol that nobody has is named, and ends the load and not the process")
        func unresolved() throws {
            try withZoo { zoo in
                let bytes = try ZooBuilder.library("unresolved.c", ["-DZOO_NAME=\"x\""])
                let start = " needs the symbol a_function_that_nobody_has, which neither the server nor"
                #expect(try refusal(zoo, bytes).hasPrefix(start))
            }
        }

        @Test(
            "a register function that refuses is named with its status",
            arguments: [("HARAKA_E_ABI", "HARAKA_E_ABI"), ("-77", "status -77"), ("INT32_MIN", "status -2147483648")])
        func refuses(status: String, name: String) throws {
            try withZoo { zoo in
                try zoo.install("x", "refuses_to_load.c", "STATUS=\(status)")
                #expect(zoo.refusal("x") == "plugin x: its haraka_register refused with \(name)")
                #expect(zoo.heard().count == 5)
            }
        }

        @Test("a library that comes along lends neither its haraka_register nor its hooks")
        func neededLibrary() throws {
            try withZoo { zoo in
                let library = "\(zoo.folder)/libzoo.so.1"
                try Data(ZooBuilder.library("no_register.c", ["-DLIBRARY"])).write(to: URL(fileURLWithPath: library))
                try zoo.install("x", "needs_library.c", options: [library, "-Wl,-rpath,\(zoo.folder)"])
                try zoo.load("x")
                #expect(zoo.heard() == ["x: ABSENT", "x: ABSENT"])
                let client = zoo.connect()
                #expect(client.ask(mail) == .cont)
                #expect(client.ask(.rcpt(mailArguments)) == .cont)
                #expect(zoo.heard() == ["x: own hook, library says 902"])
                // Without a register of its own it is no plugin, whatever the library has.
                let silent = try ZooBuilder.library(
                    "no_register.c", ["-DZOO_NAME=\"x\"", "-Wl,--no-as-needed", library])
                #expect(try refusal(zoo, silent).hasPrefix(" exports no haraka_register"))
            }
        }

        @Test("ignore_bad_plugins skips what cannot be loaded, with a critical notice")
        func ignored() throws {
            try withZoo { zoo in
                try zoo.write("bad", Array("text".utf8))
                try zoo.install("good", "order.c")
                let loader = PluginLoader(roots: [zoo.folder], ignoresBad: true)
                let prepared = try loader.prepare(["bad", "good", "none"]) { _ in 30 }
                #expect(prepared.plugins.map(\.name) == ["good"])
                #expect(prepared.notices.map(\.level) == [2, 2])
                #expect(prepared.notices.allSatisfy { $0.text.hasSuffix("; skipped because of ignore_bad_plugins") })
            }
        }
    }
}

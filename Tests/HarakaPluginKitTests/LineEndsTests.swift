// CR LF to LF, however the message is cut.
import Foundation
import HarakaPluginKit
import Testing

@Suite("Line ends")
struct LineEndsTests {
    private func converted(_ pieces: [[UInt8]]) throws -> String {
        var lines = LineEnds()
        var output: [UInt8] = []
        for piece in pieces {
            try piece.withUnsafeBytes { piece in
                try lines.convert(piece) { bytes throws(PluginError) in output += Array(bytes) }
            }
        }
        try lines.finish { bytes throws(PluginError) in output += Array(bytes) }
        return String(decoding: output, as: UTF8.self)
    }

    @Test(
        "CR LF becomes LF, every other CR stays",
        arguments: [
            ("a\r\nb\r\n", "a\nb\n"), ("a\rb", "a\rb"), ("a\r\r\n", "a\r\n"), ("\r", "\r"), ("", ""), ("a\nb", "a\nb"),
            ("\r\n\r\n", "\n\n"),
        ])
    func conversion(input: String, expected: String) throws {
        let bytes = Array(input.utf8)
        #expect(try converted([bytes]) == expected)
        #expect(try converted(bytes.map { [$0] }) == expected)
        for cut in 0...bytes.count { #expect(try converted([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected) }
    }

    @Test("an error of who writes goes through")
    func failing() {
        #expect(throws: PluginError.self) {
            var lines = LineEnds()
            try [0x61].withUnsafeBytes { piece in
                try lines.convert(piece) { _ throws(PluginError) in throw PluginError("disk full") }
            }
        }
    }
}

@Suite("Folders")
struct FolderTests {
    private let root = NSTemporaryDirectory() + "folder-" + UUID().uuidString

    @Test("missing folders are made, and a second time is no error")
    func creating() throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        _ = try Folder(creating: root + "/a//b/")
        let folder = try Folder(creating: root + "/a/b")
        try folder.create("file").write("x")
        let (names, first, second) = (try folder.names(), folder.remove("file"), folder.remove("file"))
        #expect(names == ["file"])
        #expect(first)
        #expect(!second)
    }

    @Test("a name that is taken, or leads through a link, is an error that says why")
    func refused() throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        let folder = try Folder(creating: root)
        _ = try folder.create("file")
        let taken = message { () throws(PluginError) in _ = try folder.create("file") }
        #expect(taken == "opening file: File exists")
        try FileManager.default.createSymbolicLink(atPath: root + "/link", withDestinationPath: "/")
        let linked = message { () throws(PluginError) in _ = try folder.folder("link") }
        #expect(linked == "opening link: Not a directory")
        let missing = message { () throws(PluginError) in _ = try Folder(path: root + "/none") }
        #expect(missing == "opening \(root)/none: No such file or directory")
    }

    private func message(_ body: () throws(PluginError) -> Void) -> String? {
        do throws(PluginError) { try body() } catch { return error.cause }
        return nil
    }
}

// All mailboxes or none.
import Foundation
import HarakaPluginKit
import Testing

@testable import QueueMaildir

/// A root of its own for each test, removed with it.
final class TemporaryStore {
    let root: String
    let store: MailStore

    init() throws {
        root = NSTemporaryDirectory() + "maildir-" + UUID().uuidString
        store = MailStore(root: root, path: try MailboxPath(template: "%d/%u"))
        _ = try Folder(creating: root)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func names(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: root + "/" + path)) ?? []).sorted()
    }

    func letter(_ name: String, _ user: String) -> Letter {
        Letter(name: name, mailbox: ["d", user], sender: "s@x", recipient: user + "@d")
    }
}

@Suite("Delivery")
struct DeliveryTests {
    @Test("each recipient gets a file with their own head, and tmp is empty afterwards")
    func delivered() throws {
        let place = try TemporaryStore()
        let failure = place.store.deliver(to: [place.letter("1", "joe"), place.letter("2", "ann")]) {
            file throws(PluginError) in try file.write("Subject: x\n\nhello\n")
        }
        #expect(failure == nil)
        #expect(place.names("d/joe/new") == ["1"])
        #expect(place.names("d/ann/new") == ["2"])
        #expect(place.names("d/joe") == ["cur", "new", "tmp"])
        #expect(place.names("d/joe/tmp") == [])
        let content = try String(contentsOfFile: place.root + "/d/joe/new/1", encoding: .utf8)
        #expect(content == "Return-Path: <s@x>\nDelivered-To: joe@d\nSubject: x\n\nhello\n")
    }

    @Test("if one file cannot be written, nobody has the mail and tmp is empty")
    func writingFails() throws {
        let place = try TemporaryStore()
        var count = 0
        let failure = place.store.deliver(to: [place.letter("1", "joe"), place.letter("2", "ann")]) {
            file throws(PluginError) in
            count += 1
            if count == 2 { throw PluginError("disk full") }
            try file.write("x")
        }
        #expect(failure?.cause == "disk full")
        for folder in ["d/joe/new", "d/joe/tmp", "d/ann/new", "d/ann/tmp"] { #expect(place.names(folder) == []) }
    }

    @Test("if one file cannot be made visible, those that are get withdrawn, and nothing of others is touched")
    func publishingFails() throws {
        let place = try TemporaryStore()
        let ann = try Folder(path: place.root).folder("d", create: true).folder("ann", create: true)
        _ = try ann.folder("new", create: true).create("2")
        let failure = place.store.deliver(to: [place.letter("1", "joe"), place.letter("2", "ann")]) {
            file throws(PluginError) in try file.write("x")
        }
        #expect(failure?.cause == "linking 2: File exists")
        #expect(place.names("d/joe/new") == [])
        #expect(place.names("d/ann/new") == ["2"])
        #expect(place.names("d/ann/tmp") == [])
    }

    @Test("a mailbox that is a symbolic link is refused")
    func symbolicLink() throws {
        let place = try TemporaryStore()
        _ = try Folder(creating: place.root + "/elsewhere")
        _ = try Folder(creating: place.root + "/d")
        try FileManager.default.createSymbolicLink(
            atPath: place.root + "/d/joe", withDestinationPath: place.root + "/elsewhere")
        let failure = place.store.deliver(to: [place.letter("1", "joe")]) { _ throws(PluginError) in }
        #expect(failure != nil)
        #expect(place.names("elsewhere") == [])
    }

    @Test("no recipients is a failure")
    func nobody() throws {
        #expect(try TemporaryStore().store.deliver(to: []) { _ throws(PluginError) in } != nil)
    }

    @Test("only files in tmp that are older than 36 hours are swept")
    func sweeping() throws {
        let place = try TemporaryStore()
        let tmp = try Folder(creating: place.root + "/d/joe/tmp")
        _ = try Folder(creating: place.root + "/d/joe/new")
        _ = try tmp.create("left")
        _ = try Folder(path: place.root + "/d/joe/new").create("mail")
        let now = Plugin.microseconds / 1_000_000
        let root = try Folder(path: place.root)
        #expect(try place.store.sweep(root, depth: 2, now: now + 36 * 3600 - 60) == 0)
        #expect(place.names("d/joe/tmp") == ["left"])
        #expect(try place.store.sweep(root, depth: 2, now: now + 36 * 3600 + 60) == 1)
        #expect(place.names("d/joe/tmp") == [])
        #expect(place.names("d/joe/new") == ["mail"])
    }
}

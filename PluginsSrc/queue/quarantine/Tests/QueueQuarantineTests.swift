// Where copies go, and that a copy is whole or not there.
import Foundation
import HarakaPluginKit
import Testing

@testable import QueueQuarantine

/// A quarantine of its own for each test, removed with it.
private final class TemporaryQuarantine {
    let quarantine = Quarantine(base: NSTemporaryDirectory() + "quarantine-" + UUID().uuidString)
    deinit { try? FileManager.default.removeItem(atPath: quarantine.base) }

    func names(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: quarantine.base + "/" + path)) ?? []).sorted()
    }
}

@Suite("Quarantine")
struct QueueQuarantineTests {
    @Test(
        "a copy lies in the folder of its day, below the sub-folder if one was named",
        arguments: [
            ("", ["20240229"]), ("virus", ["virus", "20240229"]), ("a/b", ["a", "b", "20240229"]),
            ("../../etc", ["etc", "20240229"]), ("/", ["20240229"]), ("./.", ["20240229"]),
        ])
    func places(subfolder: String, folders: [String]) {
        let place = Quarantine(base: "/q").place(for: "U-1.1", below: subfolder, date: 20_240_229)
        #expect(place == Quarantine.Place(folders: folders, name: "U-1.1"))
    }

    @Test("without a path it is Haraka's folder")
    func standard() {
        #expect(Quarantine(base: "").base == "/var/spool/haraka/quarantine")
    }

    @Test("preparing makes tmp and leaves what is in it")
    func prepared() throws {
        let place = TemporaryQuarantine()
        try place.quarantine.prepare()
        _ = try Folder(creating: place.quarantine.base + "/tmp").create("being written")
        try place.quarantine.prepare()
        #expect(place.names("tmp") == ["being written"])
    }

    @Test("the path is what is written into the note")
    func path() {
        let quarantine = Quarantine(base: "/q")
        #expect(quarantine.path(of: .init(folders: ["virus", "20240229"], name: "U.1")) == "/q/virus/20240229/U.1")
    }

    @Test("a stored mail is in its folder and no longer in tmp")
    func stored() throws {
        let place = TemporaryQuarantine()
        let copy = Quarantine.Place(folders: ["virus", "20240229"], name: "U.1")
        #expect(place.quarantine.store(copy) { file throws(PluginError) in try file.write("x\n") } == nil)
        #expect(try String(contentsOfFile: place.quarantine.path(of: copy), encoding: .utf8) == "x\n")
        #expect(place.names("tmp") == [])
    }

    @Test("what could not be written is nowhere")
    func failed() throws {
        let place = TemporaryQuarantine()
        let copy = Quarantine.Place(folders: ["20240229"], name: "U.1")
        let failure = place.quarantine.store(copy) { file throws(PluginError) in
            try file.write("half")
            throw PluginError("disk full")
        }
        #expect(failure?.cause == "disk full")
        #expect(place.names("tmp") == [])
        #expect(place.names("20240229") == [])
    }

    @Test("tmp is emptied at the start")
    func cleared() throws {
        let place = TemporaryQuarantine()
        _ = try Folder(creating: place.quarantine.base + "/tmp").create("left")
        try place.quarantine.clear()
        #expect(place.names("tmp") == [])
    }
}

// What counts as a path in queue.maildir.ini.
import HarakaPluginKit
import Testing

@testable import QueueMaildir

@Suite("Settings")
struct SettingsTests {
    private func view(_ value: haraka_value) -> ValueView { withUnsafePointer(to: value) { ValueView($0) } }

    @Test("a key that is missing has its default, one that is set has its text")
    func texts() throws {
        #expect(try text(view(haraka_null()), "root", or: "./maildir") == "./maildir")
        let bytes = Array("/var/mail".utf8)
        let set = try bytes.withUnsafeBytes { lent in
            try text(view(haraka_text_value(haraka_bytes(lent.baseAddress, lent.count))), "root", or: "./maildir")
        }
        #expect(set == "/var/mail")
    }

    @Test("a value that is no text, or an empty one, is a mistake and never the default")
    func mistakes() {
        let wrong = [haraka_integer(2024), haraka_list_value(nil, 0), haraka_text_value(haraka_bytes(nil, 0))]
        for value in wrong {
            #expect(throws: PluginError.self) { _ = try text(view(value), "root", or: "./maildir") }
        }
    }
}

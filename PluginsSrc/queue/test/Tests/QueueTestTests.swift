// Where the file goes, and which mail is taken.
import HarakaPluginKit
import Testing

@testable import QueueTest

@Suite("queue/test")
struct QueueTestTests {
    @Test(
        "only mail that no other queue was named for is taken",
        arguments: [("", true), ("test", true), ("discard", false), ("test2", false), ("Test", false)])
    func wishes(wish: String, isTaken: Bool) {
        Array(wish.utf8).withUnsafeBytes { #expect(takes(Text($0)) == isTaken) }
    }

    @Test(
        "the folder is the first that the environment names, without slashes at its end",
        arguments: [
            ([:], "/tmp"), (["TMPDIR": "/a"], "/a"), (["TMPDIR": "/a//", "TMP": "/b"], "/a"),
            (["TMPDIR": "", "TMP": "/b/"], "/b"), (["TEMP": "/c"], "/c"), (["TMPDIR": "/"], "/"),
            (["TMPDIR": "//"], "/"),
        ] as [([String: String], String)])
    func folders(environment: [String: String], folder: String) {
        #expect(temporaryFolder { environment[$0] } == folder)
    }

    @Test("the file is named by the uuid, whatever that holds")
    func names() {
        #expect(fileName("AB-1.1") == "mail_AB-1.1.eml")
        #expect(fileName("../x") == "mail_.._x.eml")
    }
}

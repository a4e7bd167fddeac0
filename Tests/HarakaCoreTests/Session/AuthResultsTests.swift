// The Authentication-Results field of our own. docs/objects.md "Headers".

import HarakaCore
import HarakaTestKit
import Testing

@Suite("Authentication-Results")
struct AuthResultsTests {
    @Test("what is said belongs to the transaction if there is one, and the connection's part comes first")
    func value() {
        let driver = SessionDriver.greeted()
        let connection = driver.connection
        #expect(connection.authResults("") == "")
        #expect(connection.authResults("iprev=pass") == "mx.example.com;\r\n\tiprev=pass")
        driver.say("MAIL FROM:<>")
        #expect(connection.authResults("spf=none") == "mx.example.com;\r\n\tiprev=pass;\r\n\tspf=none")
        #expect(connection.notes.get("authentication_results") == .list([.text("iprev=pass")]))
        #expect(connection.transaction?.notes.get("authentication_results") == .list([.text("spf=none")]))
        driver.say("RSET")
        #expect(connection.authResults("") == "mx.example.com;\r\n\tiprev=pass")
    }

    @Test("notes that a plugin has written itself count, whatever is in them")
    func notes() {
        let connection = SessionDriver.greeted().connection
        connection.notes.set("authentication_results", .text("a=b"))
        #expect(connection.authResults("") == "mx.example.com;\r\n\ta=b")
        #expect(connection.authResults("c=d") == "mx.example.com;\r\n\ta=b;\r\n\tc=d")
        connection.notes.set("authentication_results", .list([.text(""), .integer(3)]))
        #expect(connection.authResults("") == "mx.example.com;\r\n\t3")
        connection.notes.set("authentication_results", .integer(3))
        #expect(connection.authResults("") == "")
    }

    /// What happens to the header of a message, around data_post.
    static func edits(cleans: Bool = true, saying: [String], judging: [String]) -> [[String]] {
        var settings = SessionSettings.test
        settings.cleansAuthResults = cleans
        let driver = DataTests.receiving(settings)
        for text in saying { driver.connection.authResults(text) }
        driver.plugins.add(.later, to: "data_post_headers")
        driver.plugins.add(.later, to: "data_post")
        driver.plugins.add(.later, to: "queue_pre")
        driver.say("x")
        driver.say(".")
        var seen = [driver.message?.edits ?? []]
        driver.answer(.cont)
        seen.append(driver.message?.edits ?? [])
        for text in judging { driver.connection.authResults(text) }
        driver.answer(.cont)
        seen.append(driver.message?.edits ?? [])
        return seen
    }

    @Test("the client's fields are renamed and ours added before data_post, and made anew at the top behind it")
    func message() {
        let first = ["rename", "end Authentication-Results: mx.example.com;\r\n\tspf=pass"]
        let then = [
            "remove Authentication-Results",
            "top Authentication-Results: mx.example.com;\r\n\tspf=pass;\r\n\tdkim=fail",
        ]
        #expect(
            AuthResultsTests.edits(saying: ["spf=pass"], judging: ["dkim=fail"]) == [[], first, first + then])
    }

    @Test("with nothing to say nothing is added; what only data_post finds out is added at the top")
    func nothing() {
        #expect(AuthResultsTests.edits(saying: [], judging: []) == [[], ["rename"], ["rename"]])
        #expect(AuthResultsTests.edits(cleans: false, saying: [], judging: []) == [[], [], []])
        let late = ["remove Authentication-Results", "top Authentication-Results: mx.example.com;\r\n\ta=b"]
        #expect(AuthResultsTests.edits(saying: [], judging: ["a=b"]) == [[], ["rename"], ["rename"] + late])
    }
}

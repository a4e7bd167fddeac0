// Addresses and line ends of the mails that plugins send. plugin.h `haraka_mail`.

import HarakaCore
import SMTPSyntax
import Testing

@testable import HarakaPluginHost

extension ZooTests.Outbound {
    @Test(
        "an address that is none is denied in Haraka's words, and nothing is queued",
        arguments: [
            ("FROM", "a@", "Malformed from: Invalid domain in address: <a@>"),
            ("FROM", "a@b\r\nc", "Malformed from: Invalid domain in address: b??c"),
            ("TO", "none", "No recipients for email"),
            ("TO", "a b@c.d", "Malformed to address (a b@c.d): Invalid domain in address: <a b@c.d>"),
            ("TO", "", "Malformed to address (): the address is empty"),
            ("TO", "<>", "Malformed to address (<>): the address is empty"),
            ("TO", "postmaster", "Malformed to address (postmaster): the address has no domain"),
        ])
    func malformed(command: String, text: String, words: String) throws {
        try withZoo { zoo in
            let (client, queue) = try open(zoo)
            client.command(command, text)
            #expect(zoo.heard() == ["q: SUCCESS", "q: to: 902 '\(words)'", "q: destroyed to"])
            #expect(zoo.loop.run { queue.mails.isEmpty })
        }
    }

    @Test("the null reverse-path is written in two ways, a domain may be internationalised")
    func addresses() throws {
        try withZoo { zoo in
            let (client, queue) = try open(zoo)
            for from in ["", "<>", "ä@bücher.example"] { client.command("FROM", from) }
            let senders = zoo.loop.run { queue.mails.map(\.from) }
            #expect(senders.map(\.formatted) == ["<>", "<>", "<ä@bücher.example>"])
            #expect(senders.map(\.host) == ["", "", "xn--bcher-kva.example"])
        }
    }

    @Test(
        "line ends are CR LF, whatever they were, and there are no others",
        arguments: [
            ("", ""), ("a", "a\r\n"), ("a\n", "a\r\n"), ("a\r\nb\n", "a\r\nb\r\n"), ("a\r\r\n\nb", "a\r\n\r\nb\r\n"),
            ("a\rb\n", "a b\r\n"), ("\r", "\r\n"), (".\n..a\n", ".\r\n..a\r\n"),
        ])
    func lineEnds(given: String, sent: String) {
        let bytes = Array(given.utf8).withUnsafeBytes { PluginMail.contents($0, isDotStuffed: false) }
        #expect(bytes == Array(sent.utf8))
    }

    @Test(
        "doubled dots are undone, and a final dot is not content",
        arguments: [
            ("..a\n.b\nc..\n", ".a\r\nb\r\nc..\r\n"), ("a\r\n.\r\n", "a\r\n"), ("a\n.\nb\n", "a\r\n\r\nb\r\n"),
            (".", ""), ("..", ".\r\n"),
        ])
    func dots(given: String, sent: String) {
        let bytes = Array(given.utf8).withUnsafeBytes { PluginMail.contents($0, isDotStuffed: true) }
        #expect(bytes == Array(sent.utf8))
    }
}

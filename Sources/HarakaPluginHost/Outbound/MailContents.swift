// What plugins give as a mail, brought into order: addresses and line ends. plugin.h `haraka_mail`; Haraka's
// outbound.send_email.

import Glibc
import HarakaCore
import SMTPSyntax

/// What is wrong with a mail: for the plugin, in Haraka's words.
struct MailFault: Error, Equatable {
    let text: String
}

extension PluginMail {
    /// Longer addresses are not even looked at (RFC 5321 section 4.5.3.1.3: 256 octets).
    private static let maximumAddress = 1024

    static func sender(_ text: String) throws(MailFault) -> Address {
        if text.isEmpty || text == "<>" { return .null }
        do throws(MailFault) { return try address(text) } catch {
            throw MailFault(text: "Malformed from: \(error.text)")
        }
    }

    static func recipients(_ texts: [String]) throws(MailFault) -> [Address] {
        guard !texts.isEmpty else { throw MailFault(text: "No recipients for email") }
        var addresses: [Address] = []
        addresses.reserveCapacity(texts.count)
        for text in texts {
            do throws(MailFault) {
                addresses.append(try address(text))
            } catch {
                throw MailFault(text: "Malformed to address (\(shown(text))): \(error.text)")
            }
        }
        return addresses
    }

    /// A mailbox with its domain: there is no client whose own domain could be meant.
    private static func address(_ text: String) throws(MailFault) -> Address {
        guard text.utf8.count <= maximumAddress else { throw MailFault(text: "the address is too long") }
        let path = text.utf8.first == UInt8(ascii: "<") ? text : "<\(text)>"
        let address: Address
        do throws(SyntaxError) {
            address = try Address.parse(path) { name in
                Array(name.utf8).withUnsafeBytes { DomainName($0, isHost: true)?.text }
            }
        } catch {
            throw MailFault(text: shown(error.message))
        }
        guard !address.isNull else { throw MailFault(text: "the address is empty") }
        guard !address.host.isEmpty else { throw MailFault(text: "the address has no domain") }
        return address
    }

    /// It will be read in a log or a terminal.
    private static func shown(_ text: String) -> String {
        let scalars = text.unicodeScalars.prefix(256).map { $0.value < 0x20 || $0.value == 0x7f ? "?" : $0 }
        return String(String.UnicodeScalarView(scalars))
    }

    /// Lines end in CR LF, the last one too; no other CR is left (it becomes a blank, so that no line begins where the
    /// plugin meant none); doubled dots are undone.
    static func contents(_ source: UnsafeRawBufferPointer, isDotStuffed: Bool) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(source.count + source.count / 32 + 2)
        var rest = Slice(base: source, bounds: source.indices)
        while !rest.isEmpty {
            let end = lineEnd(rest)
            var line = rest[rest.startIndex..<end]
            rest = rest[min(end + 1, rest.endIndex)...]
            while line.last == 13 { line = line.dropLast() }
            if isDotStuffed, line.first == UInt8(ascii: ".") {
                // The final dot, if it was left in.
                if line.count == 1, rest.isEmpty { break }
                line = line.dropFirst()
            }
            let start = out.count
            out.append(contentsOf: line)
            blankCarriageReturns(&out, from: start)
            out.append(13)
            out.append(10)
        }
        return out
    }

    /// Where the LF is, or the end.
    private static func lineEnd(_ rest: Slice<UnsafeRawBufferPointer>) -> Int {
        let bytes = UnsafeRawBufferPointer(rebasing: rest)
        guard let start = bytes.baseAddress, let found = memchr(start, 10, bytes.count) else { return rest.endIndex }
        return rest.startIndex + (UnsafeRawPointer(found) - start)
    }

    private static func blankCarriageReturns(_ out: inout [UInt8], from start: Int) {
        let count = out.count - start
        out.withUnsafeMutableBytes { bytes in
            guard count > 0, let base = bytes.baseAddress, memchr(base + start, 13, count) != nil else { return }
            for index in start..<bytes.count where bytes[index] == 13 { bytes[index] = 32 }
        }
    }
}

// The addresses in a field From. RFC 5322 section 3.4.
import HarakaPluginKit

/// All `local@domain` of a field, without display names, comments and what stands in quotes outside an address. A field
/// that follows no grammar gives what looks like an address: it is about whom a reader is shown.
func mailboxes(_ field: Text) -> [Text] {
    var scan = MailboxScan(bytes: field.bytes)
    scan.run()
    return scan.found
}

/// What follows the last `@`.
func domain(of mailbox: Text) -> Text {
    guard let at = mailbox.bytes.lastIndex(of: UInt8(ascii: "@")) else { return Text(haraka_str()) }
    return Text(UnsafeRawBufferPointer(rebasing: mailbox.bytes[(at + 1)...]))
}

/// Cuts a field into words at blanks, commas, semicolons, colons and brackets; words with an `@` are addresses.
private struct MailboxScan {
    let bytes: UnsafeRawBufferPointer
    var found: [Text] = []
    private var index = 0
    /// Comments nest.
    private var depth = 0
    /// Where the current word began.
    private var start: Int?

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func run() {
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "("):
                end()
                depth += 1
            case UInt8(ascii: ")") where depth > 0: depth -= 1
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "\"") where depth == 0: skipQuoted()
            case 0...0x20, UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"), UInt8(ascii: "<"),
                UInt8(ascii: ">"),
                UInt8(ascii: ")"):
                end()
            default: if depth == 0, start == nil { start = index }
            }
            index += 1
        }
        end()
    }

    /// To the closing quote. A quoted local part belongs to the address that goes on behind it.
    private mutating func skipQuoted() {
        if start == nil { start = index }
        index += 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        let next = index + 1
        // A display name: what follows is no `@` and no further word.
        if next >= bytes.count || bytes[next] != UInt8(ascii: "@") { start = nil }
    }

    /// A word ends.
    private mutating func end() {
        defer { start = nil }
        guard depth == 0, let start, start < min(index, bytes.count) else { return }
        let word = Text(UnsafeRawBufferPointer(rebasing: bytes[start..<min(index, bytes.count)]))
        if word.bytes.contains(UInt8(ascii: "@")) { found.append(word) }
    }
}

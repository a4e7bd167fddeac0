// The lines of a list file, with their numbers, so that a mistake can be named.

/// A line that counts: neither blank nor a comment.
public struct ListLine {
    /// From 1, as editors count.
    public let number: Int
    /// Without blanks at its ends; lent as long as what it was read from.
    public let text: Text

    /// Those of some lines that count. A comment begins with `#` or `;`.
    public static func counting(_ lines: some Sequence<Text>) -> [ListLine] {
        var counting: [ListLine] = []
        for (index, line) in lines.enumerated() {
            let text = line.trimmed
            guard let first = text.bytes.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { continue }
            counting.append(ListLine(number: index + 1, text: text))
        }
        return counting
    }

    /// The line as one that cannot be used.
    public func mistake(_ why: String) -> ListMistake { ListMistake(line: number, why: why) }
}

/// A line of a list that cannot be used, and why.
public struct ListMistake: Equatable, Sendable {
    public let line: Int
    public let why: String

    public init(line: Int, why: String) { (self.line, self.why) = (line, why) }
}

extension Config {
    /// The lines of a list that count, with their numbers, which ``list(_:)`` has lost.
    ///
    ///     for line in plugin.config.lines("hosts") where line.text.bytes.contains(0x40) {
    ///         plugin.log(.error, "hosts:\(line.number): a mail address")
    ///     }
    public func lines(_ name: String) -> [ListLine] {
        let lines = data(name)
        return ListLine.counting((0..<lines.count).lazy.map { lines[$0].text })
    }
}

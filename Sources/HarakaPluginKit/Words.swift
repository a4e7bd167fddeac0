// Lists in one line of text.

extension String {
    /// The parts of a list as ini files have them: divided by blanks, tabs, commas or semicolons, none of them empty.
    ///
    ///     let hooks = ini["main"]["hooks_to_delay"].string?.words ?? []
    public var words: [String] {
        utf8.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x2C || $0 == 0x3B }.map { String(decoding: $0, as: UTF8.self) }
    }
}

extension Sequence where Element == String {
    /// One text of all, with something between them. Embedded Swift has no `joined(separator:)`.
    public func joined(by separator: String) -> String {
        var all = ""
        for (index, text) in enumerated() { all += index == 0 ? text : separator + text }
        return all
    }
}

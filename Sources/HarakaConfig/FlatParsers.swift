// The three flat formats: one value, a list, and lines kept as they are.

/// Reads value files: the first line that is neither blank nor a comment.
public enum ValueParser {
    /// Reads `bytes`; `file` is named in findings.
    ///
    /// - Parameter booleans: where not empty, the value is a declared boolean: `true yes ok enabled on 1` or not.
    /// - Returns: A number where the line is one, else its text without white space around it; null where there is no
    ///   such line.
    public static func parse(_ bytes: [UInt8], file: String, booleans: [String] = []) -> Parsed {
        if let problem = TextLines.invalidText(bytes, file: file) { return Parsed(.null, file: file, [problem]) }
        let line = TextLines(bytes).first { !$0.isBlankOrComment }
        guard let line else { return Parsed(.null, file: file) }
        let source = ListParser.entry(line, file)
        let text = source.written ?? ""
        let value: ConfigValue = booleans.isEmpty ? Scalar.value(of: text) : .bool(Scalar.isTrue(text))
        return Parsed(value, file: file, sources: [.listEntries: [source]])
    }
}

/// Reads list files: every line that is neither blank nor a comment, without white space around it.
public enum ListParser {
    /// Reads `bytes`; `file` is named in findings. The value is a list of strings.
    public static func parse(_ bytes: [UInt8], file: String) -> Parsed {
        if let problem = TextLines.invalidText(bytes, file: file) { return Parsed(.list([]), file: file, [problem]) }
        var entries: [Source] = []
        for line in TextLines(bytes) where !line.isBlankOrComment { entries.append(entry(line, file)) }
        let items = entries.map { ConfigValue.string($0.written ?? "") }
        return Parsed(.list(items), file: file, sources: [.listEntries: entries])
    }

    /// Where a line's entry stands, and what it is.
    fileprivate static func entry(_ line: TextLine, _ file: String) -> Source {
        var source = line.source(file)
        source.written = String(decoding: line.bytes.trimmed, as: UTF8.self)
        return source
    }
}

/// Reads data files: every line as it is, comments and blank lines too.
public enum DataParser {
    /// Reads `bytes`; `file` is named in findings. The value is a list of strings, without line endings.
    public static func parse(_ bytes: [UInt8], file: String) -> Parsed {
        if let problem = TextLines.invalidText(bytes, file: file) { return Parsed(.list([]), file: file, [problem]) }
        return Parsed(.list(TextLines(bytes).map { .string($0.text) }), file: file)
    }
}

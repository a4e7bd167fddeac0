// What is wrong in a configuration file, where, and what was expected instead.

/// One finding about a configuration file.
///
/// It reads like a compiler's message, so that an editor can jump to it:
///
///     config/smtp.ini:3:20: error: main.inactivity_timeout is "soon"; expected ...
///         inactivity_timeout=soon
///                            ^
public struct Diagnostic: Sendable, Equatable, Error {
    /// How much it matters.
    public enum Severity: String, Sendable {
        /// What was written is not used: the built-in default, or the other layer's value, is.
        case error
        /// What was written is used, or means nothing.
        case warning
    }

    /// How much it matters.
    public var severity: Severity
    /// The path of the file, as it was opened.
    public var file: String
    /// The line, from 1; 0 where the finding concerns the whole file.
    public var line: Int
    /// The column in characters, from 1; 0 where the finding concerns the whole line.
    public var column: Int
    /// What is wrong, and what was expected. One line, no control characters.
    public var message: String
    /// The line and, under it, the caret; empty where no line is concerned.
    public var excerpt: [String]

    init(_ severity: Severity, _ source: Source, at column: Int? = nil, _ message: String) {
        self.severity = severity
        file = source.file
        line = source.line
        self.column = source.line == 0 ? 0 : column ?? source.column
        self.message = Excerpt.printable(message)
        excerpt = source.line == 0 ? [] : Excerpt.lines(source.text, caret: self.column)
    }

    /// A finding about a file as a whole.
    init(_ severity: Severity, file: String, _ message: String) {
        self.init(severity, Source(file: file), message)
    }
}

extension Diagnostic: CustomStringConvertible {
    /// The message with its place in front and the excerpt under it.
    public var description: String {
        var place = Excerpt.printable(file)
        if line > 0 { place += ":\(line)" }
        if line > 0 && column > 0 { place += ":\(column)" }
        return (["\(place): \(severity.rawValue): \(message)"] + excerpt.map { "    " + $0 }).joined(separator: "\n")
    }
}

/// How a line of a file is shown under a finding.
enum Excerpt {
    /// Longest piece of a line that is shown, in characters.
    static let width = 100

    /// The line with a caret under `column` (from 1; 0 for none). Of a long line the piece around the caret is
    /// shown; control characters are shown as `?`, so that nobody's terminal is at the mercy of a file.
    static func lines(_ text: String, caret column: Int) -> [String] {
        let characters = Array(text.unicodeScalars)
        let start = column > width ? column &- width / 2 : 0
        let end = min(characters.count, start &+ width)
        guard start <= end else { return [] }
        var shown = String.UnicodeScalarView()
        for scalar in characters[start..<end] { shown.append(isControl(scalar) ? "?" : scalar) }
        guard column > start else { return [String(shown)] }
        return [String(shown), String(repeating: " ", count: column &- start &- 1) + "^"]
    }

    /// The text with each control character replaced.
    static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "?" : $0 }))
    }

    /// Control and line-separating characters. A tab counts: the caret must stay under its column.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}

/// The findings about one file, bounded: a megabyte of rubbish is one problem, not a million.
struct Findings {
    /// As many are kept; one more says that there were others.
    static let limit = 100

    private(set) var diagnostics: [Diagnostic] = []
    private var count = 0

    mutating func add(_ severity: Diagnostic.Severity, _ source: Source, at column: Int? = nil, _ message: String) {
        count &+= 1
        if count <= Self.limit {
            diagnostics.append(Diagnostic(severity, source, at: column, message))
        } else if count == Self.limit &+ 1 {
            diagnostics.append(Diagnostic(.warning, file: source.file, "more problems follow; these come first"))
        }
    }
}

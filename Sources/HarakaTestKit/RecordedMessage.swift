// A message of which only what plugins and the core did to its header is kept.

public import HarakaCore

/// Remembers edits.
public final class RecordedMessage: MessageContent {
    /// In order, `rename` for the renaming of Authentication-Results.
    public private(set) var edits: [String] = []

    public init() {}

    public func edit(_ edit: HeaderEdit) {
        switch edit {
        case .addLeading(let name, let value): edits.append("top \(name): \(value)")
        case .addEnd(let name, let value): edits.append("end \(name): \(value)")
        case .remove(let name): edits.append("remove \(name)")
        }
    }

    public func renameAuthenticationResults() { edits.append("rename") }
    public func headerValues(_ name: String) -> [String] { [] }
    public func snapshot() throws -> any MessageView { throw Unreadable() }

    private struct Unreadable: Error {}
}

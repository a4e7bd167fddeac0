// Why a command could not be parsed, in words for the client.

/// A syntax error of the client.
public struct SyntaxError: Error, Equatable, Sendable {
    /// Text for the second line of the 501 reply. It may quote the client's own words; ``Reply`` keeps them harmless.
    public let message: String

    /// An error with this text.
    public init(message: String) {
        self.message = message
    }
}

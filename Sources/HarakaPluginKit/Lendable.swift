// What can be handed to the host as bytes.

/// Bytes that can be lent for a call: a text of the host's, a string, an array.
public protocol Lendable {
    /// Lends them to `body`.
    func lend<Result>(_ body: (Text) -> Result) -> Result
}

extension Text: Lendable {
    public func lend<Result>(_ body: (Text) -> Result) -> Result { body(self) }
}

extension String: Lendable {
    public func lend<Result>(_ body: (Text) -> Result) -> Result { lent { body(Text($0)) } }
}

extension Array: Lendable where Element == UInt8 {
    public func lend<Result>(_ body: (Text) -> Result) -> Result { withUnsafeBytes { body(Text($0)) } }
}

extension UnsafeRawBufferPointer: Lendable {
    public func lend<Result>(_ body: (Text) -> Result) -> Result { body(Text(self)) }
}

// results.ini, as the plugin host needs it.

/// How the results of one plugin are shown. docs/objects.md "Results".
public struct ResultsShown: Sendable, Equatable {
    /// The lists that are shown, in this order; empty: all.
    public var order: [String]
    /// Values and lists that are not shown.
    public var hide: [String]
    /// A line for each finding.
    public var isEach: Bool

    public init(order: [String] = [], hide: [String] = [], isEach: Bool = false) {
        self.order = order
        self.hide = hide
        self.isEach = isEach
    }
}

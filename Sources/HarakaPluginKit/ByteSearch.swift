// Many texts sought in a stream, over the borders of its pieces.

/// Finds the first of many byte sequences, each byte of the stream looked at once, however many are sought (Aho and Corasick,
/// 1975). Nothing of the stream is kept: where a search stands between two pieces is a number.
///
///     let search = ByteSearch(["viagra", "rolex"])
///     var place = ByteSearch.Place()
///     let isFound = try part.open(.text).searchChunks { search.finds(in: $0, from: &place) != nil }
public struct ByteSearch: Sendable {
    /// Where a search stands between two pieces.
    public struct Place: Sendable, Equatable {
        var node: Int32 = 0
        public init() {}
    }

    /// One place in the tree of all texts. Its children are a list.
    private struct Node {
        var byte: UInt8
        var child: Int32 = -1, sibling: Int32 = -1
        /// Where to go on if no child fits: the longest end of this place's text that begins one.
        var failure: Int32 = 0
        /// Which text ends here, itself or as an end of it; -1: none.
        var found: Int32 = -1
    }

    private var nodes: [Node] = [Node(byte: 0)]
    /// The children of the root by their byte; 0: none. Most bytes of a stream fit nothing, so this is the hot path.
    private var first = [Int32](repeating: 0, count: 256)
    private let isCaseless: Bool

    /// Empty texts are never found. `caseless`: ASCII letters compare without case.
    public init(_ texts: [String], caseless: Bool = false) {
        isCaseless = caseless
        for (index, text) in texts.enumerated() where !text.isEmpty { add(text, Int32(truncatingIfNeeded: index)) }
        link()
    }

    /// Nothing is sought.
    public var isEmpty: Bool { nodes.count == 1 }

    /// The index of a text that ends in this piece; nil if none does, then `place` is where the next piece goes on.
    public func finds(in piece: UnsafeRawBufferPointer, from place: inout Place) -> Int? {
        var node = place.node
        defer { place.node = node }
        for byte in piece {
            node = next(node, isCaseless ? lowered(byte) : byte)
            // The root ends nothing, and is where the search is nearly always.
            guard node != 0 else { continue }
            let found = nodes[Int(node)].found
            if found >= 0 { return Int(found) }
        }
        return nil
    }

    private func next(_ node: Int32, _ byte: UInt8) -> Int32 {
        var node = node
        while node != 0 {
            let child = child(of: node, byte)
            if child != 0 { return child }
            node = nodes[Int(node)].failure
        }
        return first[Int(byte)]
    }

    private func child(of node: Int32, _ byte: UInt8) -> Int32 {
        if node == 0 { return first[Int(byte)] }
        var child = nodes[Int(node)].child
        while child > 0 {
            if nodes[Int(child)].byte == byte { return child }
            child = nodes[Int(child)].sibling
        }
        return 0
    }

    private mutating func add(_ text: String, _ index: Int32) {
        var node: Int32 = 0
        for byte in text.utf8 {
            let byte = isCaseless ? lowered(byte) : byte
            let known = child(of: node, byte)
            node = known != 0 ? known : grow(node, byte)
        }
        if nodes[Int(node)].found < 0 { nodes[Int(node)].found = index }
    }

    private mutating func grow(_ node: Int32, _ byte: UInt8) -> Int32 {
        let new = Int32(truncatingIfNeeded: nodes.count)
        nodes.append(Node(byte: byte, sibling: nodes[Int(node)].child))
        nodes[Int(node)].child = new
        if node == 0 { first[Int(byte)] = new }
        return new
    }

    /// Level by level, so that where a failure leads is linked already.
    private mutating func link() {
        var level = [Int32(0)]
        while !level.isEmpty {
            var below: [Int32] = []
            for node in level {
                var child = nodes[Int(node)].child
                while child > 0 {
                    let failure = node == 0 ? 0 : next(nodes[Int(node)].failure, nodes[Int(child)].byte)
                    nodes[Int(child)].failure = failure
                    if nodes[Int(child)].found < 0 { nodes[Int(child)].found = nodes[Int(failure)].found }
                    below.append(child)
                    child = nodes[Int(child)].sibling
                }
            }
            level = below
        }
    }
}

// YAML, by libyaml, made into values: aliases, merged maps, tags, and limits on all of them.

/// Reads YAML files: their first document.
///
/// Texts without quotes mean what the core schema of YAML 1.2 says (see ``YAMLScalar``); keys are texts as written.
/// `*name` stands for what `&name` marked, `<<: *name` adds its entries below those that the map has itself. Tags other
/// than `!!str !!int !!float !!bool !!null !!seq !!map` mean nothing here.
public enum YAMLParser {
    /// Lists and maps may be nested this deep, those that aliases stand for among them.
    public static let depthLimit = 64
    /// As many values may be made by aliases; a text counts one more for each KiB. A few lines of them could otherwise
    /// stand for more than any memory holds.
    public static let expansionLimit = 100_000

    /// Reads `bytes`; `file` is named in findings. After an error, and without a document, the value is an empty map.
    public static func parse(_ bytes: [UInt8], file: String) -> Parsed {
        if let problem = TextLines.invalidText(bytes, file: file) { return Parsed(.map([:]), file: file, [problem]) }
        let text = bytes.withoutByteOrderMark
        guard !text.isEmpty else { return Parsed(.map([:]), file: file) }
        return text.withUnsafeBufferPointer { buffer in
            guard let events = YAMLEvents(buffer) else {
                return Parsed(.map([:]), file: file, [Diagnostic(.error, file: file, "there is not enough memory")])
            }
            var composing = YAMLComposing(events)
            do throws(Mistake) {
                let value = try composing.document()
                let remarks = composing.remarks.moved { byte($0, in: text) }
                return Parsed(value, file: file, remarks.findings(in: bytes, file))
            } catch {
                return Parsed(.map([:]), file: file, [placed(error, in: text).finding(in: bytes, file)])
            }
        }
    }

    /// The index of the byte that so many characters come before.
    private static func byte(_ count: Int, in text: ArraySlice<UInt8>) -> Int {
        var left = count
        // Each character has one byte that is no continuation byte.
        for index in text.indices where text[index] & 0xC0 != 0x80 {
            if left <= 0 { return index }
            left &-= 1
        }
        return text.endIndex
    }

    /// The mistake with a byte's index for its place. A tab in front is the most frequent of all, so it is named.
    private static func placed(_ mistake: Mistake, in text: ArraySlice<UInt8>) -> Mistake {
        if mistake.message == YAMLEvents.controlCharacter {
            return Mistake(place: text.startIndex &+ mistake.place, message: mistake.message)
        }
        let place = byte(mistake.place, in: text)
        let isTab = text.indices.contains(place) && text[place] == 0x09
        return Mistake(place: place, message: mistake.message + (isTab ? ": a tab; expected blanks" : ""))
    }
}

/// The state of making values from events.
private struct YAMLComposing: ~Copyable {
    /// A value, and what it weighs.
    struct Node {
        var value: ConfigValue
        /// How many values it is made of; see ``YAMLParser/expansionLimit``.
        var size: Int
        /// How many lists and maps are within each other in it.
        var height = 0
    }

    private var events: YAMLEvents
    /// What each `&name` marks, so far.
    private var anchors: [String: Node] = [:]
    /// How many values aliases have made.
    private var expansion = 0
    /// Places count characters.
    private(set) var remarks = Remarks()

    init(_ events: consuming YAMLEvents) {
        self.events = events
    }

    /// The first document; an empty map where there is none.
    mutating func document() throws(Mistake) -> ConfigValue {
        _ = try events.next()
        guard case .documentStart = try events.next().content else { return .map([:]) }
        let root = try node(try events.next(), depth: 0)
        _ = try events.next()
        let after = try events.next()
        if case .documentStart = after.content {
            remarks.add("only the first document of a file is read: this one is not used", at: after.place)
        }
        return root.value
    }

    /// The value that an event begins.
    private mutating func node(_ event: YAMLEvent, depth: Int) throws(Mistake) -> Node {
        let node: Node
        switch event.content {
        case .alias(let name): return try expanded(name, event, depth: depth)
        case .scalar(let text, let isPlain): node = scalar(text, isPlain: isPlain, event)
        case .listStart: node = try list(event, depth: depth)
        case .mapStart: node = try map(event, depth: depth)
        // Only the four above begin a value.
        default: throw Mistake(place: event.place, message: "expected a value")
        }
        if let anchor = event.anchor { anchors[anchor] = node }
        return node
    }

    /// What an alias stands for.
    private mutating func expanded(_ name: String, _ event: YAMLEvent, depth: Int) throws(Mistake) -> Node {
        guard let node = anchors[name] else {
            let expected = "expected &\(name.prefix(60)) before this alias, and not around it"
            throw Mistake(place: event.place, message: expected)
        }
        expansion &+= node.size
        guard expansion <= YAMLParser.expansionLimit else {
            let limit = "expected aliases for at most \(YAMLParser.expansionLimit) values"
            throw Mistake(place: event.place, message: limit)
        }
        try checkDepth(depth &+ node.height, event)
        return node
    }

    private func checkDepth(_ depth: Int, _ event: YAMLEvent) throws(Mistake) {
        guard depth > YAMLParser.depthLimit else { return }
        let limit = "expected at most \(YAMLParser.depthLimit) lists and maps within each other"
        throw Mistake(place: event.place, message: limit)
    }

    /// A scalar by its tag, or by its look.
    private mutating func scalar(_ text: String, isPlain: Bool, _ event: YAMLEvent) -> Node {
        let size = Self.size(of: text)
        // A lone `!` asks not to guess.
        let untagged: ConfigValue = isPlain && event.tag != "!" ? YAMLScalar.value(of: text) : .string(text)
        guard let tag = event.tag else { return Node(value: untagged, size: size) }
        if let value = YAMLScalar.value(of: text, tag: tag) { return Node(value: value, size: size) }
        disregard(tag, at: event.place)
        return Node(value: untagged, size: size)
    }

    private static func size(of text: String) -> Int {
        1 &+ text.utf8.count / 1024
    }

    /// Remarks that a tag changes nothing.
    private mutating func disregard(_ tag: String, at place: Int) {
        guard tag != "!" else { return }
        let isCore = tag.hasPrefix(YAMLScalar.tagPrefix)
        let written = isCore ? "!!" + tag.dropFirst(YAMLScalar.tagPrefix.count) : tag
        // `!smtp.ini:` looks like one of the keys that stand for files.
        let hint = !isCore && tag.hasSuffix(":") ? " (a key that begins with ! needs quotes)" : ""
        remarks.add("the tag \(written.prefix(60)) changes nothing here\(hint): the value is used", at: place)
    }

    private mutating func list(_ event: YAMLEvent, depth: Int) throws(Mistake) -> Node {
        try begin(event, tag: "seq", depth: depth)
        var items: [ConfigValue] = []
        var size = 1
        var height = 0
        while true {
            let next = try events.next()
            if case .end = next.content { return Node(value: .list(items), size: size, height: height &+ 1) }
            let item = try node(next, depth: depth &+ 1)
            items.append(item.value)
            size &+= item.size
            height = max(height, item.height)
        }
    }

    private mutating func map(_ event: YAMLEvent, depth: Int) throws(Mistake) -> Node {
        try begin(event, tag: "map", depth: depth)
        var map = OrderedMap()
        // The keys that only `<<` has set: the map's own entries win over them wherever they stand.
        var merged: Set<String> = []
        var size = 1
        var height = 0
        while true {
            let next = try events.next()
            if case .end = next.content { return Node(value: .map(map), size: size, height: height &+ 1) }
            let key = try key(next)
            let start = try events.next()
            let entry = try node(start, depth: depth &+ 1)
            size &+= entry.size &+ key.text.utf8.count / 1024
            if key.isMerge {
                try Self.merge(entry.value, into: &map, &merged, start.place)
                // The entries move up, out of their map and perhaps a list of maps.
                height = max(height, entry.height &- (entry.value.list == nil ? 1 : 2))
            } else {
                height = max(height, entry.height)
                if map[key.text] != nil, merged.remove(key.text) == nil {
                    remarks.addRepetition(of: key.text, at: next.place)
                }
                map[key.text] = entry.value
            }
        }
    }

    private mutating func begin(_ event: YAMLEvent, tag: String, depth: Int) throws(Mistake) {
        try checkDepth(depth &+ 1, event)
        if let written = event.tag, written != YAMLScalar.tagPrefix + tag { disregard(written, at: event.place) }
    }

    /// A key: a text, or an alias of one. `<<` without quotes asks for a merge.
    private mutating func key(_ event: YAMLEvent) throws(Mistake) -> (text: String, isMerge: Bool) {
        switch event.content {
        case .scalar(let text, let isPlain):
            if let anchor = event.anchor { anchors[anchor] = Node(value: .string(text), size: Self.size(of: text)) }
            if let tag = event.tag, tag != YAMLScalar.tagPrefix + "str" { disregard(tag, at: event.place) }
            return (text, isPlain && text == "<<")
        case .alias(let name):
            if let text = try expanded(name, event, depth: 0).value.text { return (text, false) }
        default: break
        }
        throw Mistake(place: event.place, message: "expected a text as the key: lists and maps cannot be keys")
    }

    /// Adds the entries of a map, or of several, that are not there yet.
    private static func merge(
        _ value: ConfigValue, into map: inout OrderedMap, _ merged: inout Set<String>, _ place: Int
    ) throws(Mistake) {
        for source in value.list ?? [value] {
            guard case .map(let entries) = source else {
                throw Mistake(place: place, message: "expected a map, or a list of maps, after <<")
            }
            for (key, entry) in entries.entries where map[key] == nil {
                map[key] = entry
                merged.insert(key)
            }
        }
    }
}

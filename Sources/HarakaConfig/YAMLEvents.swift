// libyaml at work: the only file that sees its C structs.

import CYAML

/// What libyaml finds next in a YAML text.
struct YAMLEvent {
    /// The kinds of find.
    enum Content {
        case streamStart, streamEnd, documentStart, documentEnd
        /// `*name`.
        case alias(String)
        /// A text; `isPlain` where it stands without quotes and is no block of lines either.
        case scalar(text: String, isPlain: Bool)
        case listStart, mapStart
        /// The end of a list or a map.
        case end
    }

    var content: Content
    /// Where it begins: how many characters come before it.
    var place: Int
    /// The name in `&name` before it.
    var anchor: String?
    /// The tag before it, `!!` resolved.
    var tag: String?
}

/// The events of a YAML text, one after the other. After a mistake there are no more.
struct YAMLEvents: ~Copyable {
    /// libyaml keeps this address within the struct itself, so the struct stays in one place.
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// Nil if there is no memory.
    ///
    /// - Parameter text: UTF-8, not empty; must stay where it is as long as the events are read.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard let start = text.baseAddress, yaml_parser_initialize(parser) != 0 else {
            parser.deallocate()
            return nil
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, start, text.count)
        self.parser = parser
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// The next event. A mistake's place counts characters, like an event's.
    mutating func next() throws(Mistake) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) != 0 else { throw mistake() }
        defer { yaml_event_delete(&event) }
        let content = Self.content(of: event)
        var result = YAMLEvent(content: content, place: Int(clamping: event.start_mark.index))
        switch content {
        case .scalar:
            result.anchor = Self.text(event.data.scalar.anchor)
            result.tag = Self.text(event.data.scalar.tag)
        case .listStart:
            result.anchor = Self.text(event.data.sequence_start.anchor)
            result.tag = Self.text(event.data.sequence_start.tag)
        case .mapStart:
            result.anchor = Self.text(event.data.mapping_start.anchor)
            result.tag = Self.text(event.data.mapping_start.tag)
        default: break
        }
        return result
    }

    private static func content(of event: yaml_event_t) -> YAMLEvent.Content {
        switch event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let bytes = UnsafeBufferPointer(start: event.data.scalar.value, count: event.data.scalar.length)
            let isPlain = event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE
            return .scalar(text: String(decoding: bytes, as: UTF8.self), isPlain: isPlain)
        case YAML_SEQUENCE_START_EVENT: return .listStart
        case YAML_MAPPING_START_EVENT: return .mapStart
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .end
        default: return .streamEnd
        }
    }

    private static func text(_ start: UnsafePointer<UInt8>?) -> String? {
        start.map { String(decodingCString: $0, as: UTF8.self) }
    }

    /// libyaml's own words for what is wrong: "while parsing a flow sequence, begun in line 3: did not find ...".
    private func mistake() -> Mistake {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "there is not enough memory"
        let place = Int(clamping: parser.pointee.problem_mark.index)
        // The reader looks ahead of the marks. It knows the text to be UTF-8: only such characters stop it.
        if parser.pointee.error == YAML_READER_ERROR {
            return Mistake(place: Int(clamping: parser.pointee.problem_offset), message: Self.controlCharacter)
        }
        guard let context = parser.pointee.context.map({ String(cString: $0) }) else {
            return Mistake(place: place, message: problem)
        }
        let line = Int(clamping: parser.pointee.context_mark.line) &+ 1
        let begun = line == Int(clamping: parser.pointee.problem_mark.line) &+ 1 ? "" : ", begun in line \(line)"
        return Mistake(place: place, message: "\(context)\(begun): \(problem)")
    }

    /// The message whose place counts bytes.
    static let controlCharacter = "expected no control character: in double quotes write \\xXX"
}

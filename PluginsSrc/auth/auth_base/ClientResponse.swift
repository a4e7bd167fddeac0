// A line of the client's inside an exchange (RFC 4954 section 4).
import HarakaPluginKit

/// What a response line is.
enum ClientResponse: Equatable {
    /// RFC 4954 section 4.3: the longest line of an exchange, with its line end.
    static let limit = 12288

    case bytes([UInt8])
    /// `*`: the client does not want to go on.
    case cancelled
    case notBase64
    /// The client begins anew in the middle.
    case anotherAuth

    /// - Parameter line: without its line end.
    init(line: [UInt8]) {
        if line == [0x2A] {
            self = .cancelled
        } else if line.count >= 5, Array(line.prefix(5)).elementsEqual("AUTH ".utf8, by: { $0 & 0xDF == $1 & 0xDF }) {
            // A blank is never Base64, so this can be nothing else.
            self = .anotherAuth
        } else {
            self = Self.decoded(line).map { .bytes($0) } ?? .notBase64
        }
    }

    /// An initial response, of which `=` is an empty one: RFC 4954 section 4.
    init(initial argument: some Collection<UInt8>) {
        self = argument.elementsEqual([0x3D]) ? .bytes([]) : ClientResponse(line: Array(argument))
    }

    /// The kit takes text; what is no ASCII is no Base64 either, and must not be repaired into some.
    private static func decoded(_ line: [UInt8]) -> [UInt8]? {
        guard line.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        return line.isEmpty ? [] : Base64.decode(String(decoding: line, as: UTF8.self))
    }
}

// What supervisor and workers say to each other, and how it looks on the socket between them.

/// One message between supervisor and worker: a verb, its fields, and how many descriptors travel with it.
///
/// The frame, all numbers little-endian:
///
///     4 bytes  length of the payload (what follows these 8 bytes)
///     2 bytes  descriptors that travel with this frame
///     2 bytes  texts, the verb included
///     payload  each text: 4 bytes of length, then its bytes (UTF-8)
///
/// Descriptors are sent with the frame's first byte (SCM_RIGHTS), so they arrive no later than the message; who receives
/// keeps them in a queue and takes `descriptorCount` of them from its front for each message.
///
/// Texts carry any character, NUL and line ends too. Two versions of this layout never meet: both ends are one binary.
public struct LinkMessage: Sendable, Equatable {
    /// What is wanted or reported: `prepare`, `commit`, ...
    public var verb: String
    /// What belongs to the verb, in the order that the verb defines.
    public var fields: [String]
    /// Descriptors that travel with this message, `0...descriptorLimit`.
    public var descriptorCount: Int

    /// Most descriptors of one frame. Linux allows 253 (SCM_MAX_FD).
    public static let descriptorLimit = 200
    /// Most bytes of one payload: 64 MiB. Enough for every configuration file at once.
    public static let payloadLimit = 64 << 20
    /// Bytes before the payload.
    static let headerSize = 8

    public init(verb: String, fields: [String] = [], descriptorCount: Int = 0) {
        self.verb = verb
        self.fields = fields
        self.descriptorCount = descriptorCount
    }

    /// Why the other end would refuse this message; nil: it would not.
    ///
    /// To be asked before sending what may have grown: a frame that is refused ends the link.
    public var refusal: LinkError? {
        let size = payloadSize
        if size > Self.payloadLimit { return .payloadTooLong(size) }
        if descriptorCount < 0 || descriptorCount > Self.descriptorLimit { return .tooManyDescriptors(descriptorCount) }
        if fields.count >= Int(UInt16.max) { return .tooManyFields(fields.count) }
        return nil
    }

    /// The frame.
    ///
    /// Numbers that do not fit are cut to the largest that do, which the other end refuses: a message with a `refusal`
    /// never arrives as another message. (Only a negative count of descriptors does: as none.)
    public func encoded() -> [UInt8] {
        let size = payloadSize
        var frame: [UInt8] = []
        frame.reserveCapacity(Self.headerSize + size)
        Self.append(UInt32(clamping: size), to: &frame)
        Self.append(UInt16(clamping: descriptorCount), to: &frame)
        Self.append(UInt16(clamping: fields.count + 1), to: &frame)
        Self.append(verb, to: &frame)
        for field in fields { Self.append(field, to: &frame) }
        return frame
    }

    /// Bytes of all texts with their lengths.
    private var payloadSize: Int {
        fields.reduce(4 + verb.utf8.count) { $0 + 4 + $1.utf8.count }
    }

    private static func append(_ text: String, to frame: inout [UInt8]) {
        append(UInt32(clamping: text.utf8.count), to: &frame)
        frame.append(contentsOf: text.utf8)
    }

    private static func append(_ number: some FixedWidthInteger, to frame: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { frame.append(contentsOf: $0) }
    }
}

/// Why a frame is not one. The stream cannot be trusted after it: the link is to be closed.
public enum LinkError: Error, Sendable, Equatable, CustomStringConvertible {
    /// More than `LinkMessage.payloadLimit`; the bytes announced.
    case payloadTooLong(Int)
    /// More than `LinkMessage.descriptorLimit`; the number announced.
    case tooManyDescriptors(Int)
    /// More texts than two bytes can count. Only ever said by the sender.
    case tooManyFields(Int)
    /// A frame of no texts.
    case noVerb
    /// The lengths of the texts do not add up to the length of the payload.
    case lengthsDisagree

    public var description: String {
        switch self {
        case .payloadTooLong(let size): "a message of \(size) bytes, more than \(LinkMessage.payloadLimit)"
        case .tooManyDescriptors(let count): "\(count) descriptors in one message, not 0-\(LinkMessage.descriptorLimit)"
        case .tooManyFields(let count): "\(count) fields in one message"
        case .noVerb: "a message without a verb"
        case .lengthsDisagree: "a message whose lengths do not add up"
        }
    }
}

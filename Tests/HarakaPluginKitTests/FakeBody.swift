// The fake host's messages: a body of a few parts, streams, attachments and filters, digests that are no digests.
import HarakaPluginABI
import HarakaPluginKit

/// A message whose parts a test sets.
final class FakeBody: @unchecked Sendable {
    static let shared = FakeBody()

    struct FakePart {
        var type = "text/plain"
        var content = ""
        var depth = 1
        var parent = 0
        var children: [Int] = []
    }

    /// nil: the host does not offer body/1.
    var parts: [FakePart]? = []
    var attachments: [haraka_attachments] = []
    var filters: [haraka_filter] = []
    /// What was emitted, banners, forms that were asked for.
    var output: [UInt8] = []
    var said: [String] = []
    /// What is left of each open stream.
    var streams: [UInt64: [UInt8]] = [:]
    var nextStream: UInt64 = 1
    /// How many were open at a time.
    var mostStreams = 0
    /// Digest states that are alive.
    var digests = 0
    private let body = UnsafeMutablePointer<haraka_body_1>.allocate(capacity: 1)
    private let digest = UnsafeMutablePointer<haraka_digest_1>.allocate(capacity: 1)

    private init() {
        body.initialize(to: haraka_body_1())
        digest.initialize(to: haraka_digest_1())
        digest.pointee.size = MemoryLayout<haraka_digest_1>.size
        fillParts()
        fillWishes()
        fillDigests()
    }

    func forget() {
        for handler in attachments { handler.destroy?(handler.context) }
        for filter in filters { filter.destroy?(filter.context) }
        (parts, attachments, filters, output, said, streams) = ([], [], [], [], [], [:])
        mostStreams = 0
    }

    func service(_ name: String) -> UnsafeRawPointer? {
        switch name {
        case "body/1": parts == nil ? nil : UnsafeRawPointer(body)
        case "digest/1": UnsafeRawPointer(digest)
        case "regex/1": UnsafeRawPointer(FakePatterns.shared.service)
        default: FakeNames.shared.service(name)
        }
    }

    func open(_ content: String) -> haraka_stream {
        defer { nextStream += 1 }
        streams[nextStream] = Array(content.utf8)
        mostStreams = max(mostStreams, streams.count)
        return haraka_stream(bits: nextStream)
    }

    /// One attachment of type `type` comes in pieces; what the first observer's `begin` said.
    func receive(attachment type: String, _ pieces: [String], complete: Int32) -> Int32 {
        guard let handler = attachments.first else { return -1 }
        var context: UnsafeMutableRawPointer?
        guard begin(handler.begin, handler.context, type, &context) == 1 else { return 0 }
        for piece in pieces { lasting(piece).lend { handler.data?(handler.context, context, abi($0)) } }
        handler.end?(handler.context, context, complete)
        return 1
    }

    /// A part goes through the first filter; nil if that does not want it.
    func rewrite(_ type: String, _ pieces: [String]) -> String? {
        guard let filter = filters.first else { return nil }
        var context: UnsafeMutableRawPointer?
        guard begin(filter.begin, filter.context, type, &context) == 1 else { return nil }
        output = []
        for (index, piece) in pieces.enumerated() {
            let last: Int32 = index == pieces.count - 1 ? 1 : 0
            filter.data?(filter.context, context, abi(lasting(piece)), last, haraka_output(bits: 3))
        }
        filter.end?(filter.context, context)
        return String(decoding: output, as: UTF8.self)
    }

    private typealias Begin =
        @convention(c) (
            UnsafeMutableRawPointer?, haraka_transaction, UnsafePointer<haraka_part_info>?,
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> Int32

    private func begin(
        _ begin: Begin?, _ context: UnsafeMutableRawPointer?, _ type: String, _ out: inout UnsafeMutableRawPointer?
    ) -> Int32 {
        var info = haraka_part_info()
        info.size = MemoryLayout<haraka_part_info>.size
        info.content_type = abi(lasting(type))
        info.filename = abi(lasting("a.bin"))
        info.index = 4
        info.is_attachment = 1
        return begin?(context, haraka_transaction(bits: 2), &info, &out) ?? -1
    }

    private func fillParts() {
        body.pointee.root = { _, out in FakeBody.give(0, out) }
        body.pointee.part = { _, index, out in FakeBody.give(index, out) }
        body.pointee.child = { part, number, out in
            guard let children = FakeBody.part(part)?.children, number < children.count else { return HARAKA_E_ABSENT }
            return FakeBody.give(children[number], out)
        }
        body.pointee.parent = { part, out in
            part.bits == 100 ? HARAKA_E_ABSENT : FakeBody.give(FakeBody.part(part)?.parent ?? 0, out)
        }
        body.pointee.get = { part, property, out in
            guard let found = FakeBody.part(part) else { return HARAKA_E_HANDLE }
            switch property {
            case HARAKA_PART_INDEX: out?.pointee = haraka_integer(Int64(part.bits) - 100)
            case HARAKA_PART_DEPTH: out?.pointee = haraka_integer(Int64(found.depth))
            case HARAKA_PART_CHILDREN: out?.pointee = haraka_integer(Int64(found.children.count))
            case HARAKA_PART_SIZE: out?.pointee = haraka_integer(Int64(found.content.utf8.count))
            case HARAKA_PART_CONTENT_TYPE: out?.pointee = haraka_text_value(abi(lasting(found.type)))
            case HARAKA_PART_IS_COMPLETE: out?.pointee = haraka_boolean(1)
            default: return HARAKA_E_ABSENT
            }
            return HARAKA_SUCCESS
        }
        body.pointee.header_get = { _, name, decoded, out in
            out?.pointee = haraka_text_value(abi(lasting("\(Text(name).string) \(decoded)")))
            return HARAKA_SUCCESS
        }
        body.pointee.open = { part, form, out in
            guard let found = FakeBody.part(part), !found.type.hasPrefix("multipart/") else { return HARAKA_E_TYPE }
            FakeBody.shared.said.append("form \(form)")
            out?.pointee = FakeBody.shared.open(found.content)
            return HARAKA_SUCCESS
        }
    }

    private func fillWishes() {
        body.pointee.attachments = { _, _, handler in
            guard FakeHost.shared.status >= 0, let handler else { return HARAKA_E_STATE }
            FakeBody.shared.attachments.append(handler.pointee)
            return HARAKA_SUCCESS
        }
        body.pointee.filter = { _, _, filter in
            guard FakeHost.shared.status >= 0, let filter else { return HARAKA_E_STATE }
            FakeBody.shared.filters.append(filter.pointee)
            return HARAKA_SUCCESS
        }
        body.pointee.banner = { _, text, html in
            FakeBody.shared.said.append("banner \(Text(text).string) \(Text(html).string)")
            return FakeHost.shared.status
        }
        body.pointee.emit = { output, bytes in
            guard output.bits == 3 else { return HARAKA_E_HANDLE }
            FakeBody.shared.output += Array(Text(bytes).bytes)
            return HARAKA_SUCCESS
        }
    }

    /// "Digests" that show what they were given: key, a bar, the bytes.
    private func fillDigests() {
        digest.pointee.digest = { algorithm, key, bytes, out, room in
            let text = "\(algorithm)\(key.ptr == nil ? "-" : Text(key).string)|\(Text(bytes).string)"
            return FakeBody.copy(text, out, room)
        }
        digest.pointee.begin = { algorithm, key in
            guard algorithm != HARAKA_DIGEST_SHA1 else { return nil }
            FakeBody.shared.digests += 1
            return Unmanaged.passRetained(State("\(algorithm)\(key.ptr == nil ? "-" : Text(key).string)|")).toOpaque()
        }
        digest.pointee.update = { state, bytes in
            guard let state else { return HARAKA_E_ARGUMENT }
            Unmanaged<State>.fromOpaque(state).takeUnretainedValue().text += Text(bytes).string
            return HARAKA_SUCCESS
        }
        digest.pointee.finish = { state, out, room in
            guard let state else { return HARAKA_E_ARGUMENT }
            FakeBody.shared.digests -= 1
            return FakeBody.copy(Unmanaged<State>.fromOpaque(state).takeRetainedValue().text, out, room)
        }
        digest.pointee.drop = { state in
            guard let state else { return }
            FakeBody.shared.digests -= 1
            Unmanaged<State>.fromOpaque(state).release()
        }
        digest.pointee.equal = { a, b in Text(a) == Text(b) ? 1 : 0 }
        digest.pointee.derive = { algorithm, password, salt, rounds, out, room in
            guard algorithm == HARAKA_DIGEST_SHA256 else { return HARAKA_E_ARGUMENT }
            let text = "\(Text(password).string) \(Text(salt).string) \(rounds)"
            return FakeBody.copy(text, out, room) < 0 ? HARAKA_E_LIMIT : HARAKA_SUCCESS
        }
        digest.pointee.random = { out, room in
            UnsafeMutableRawBufferPointer(start: out, count: room).copyBytes(from: repeatElement(7, count: room))
            return HARAKA_SUCCESS
        }
    }

    /// The table as a host of 0.3 has it.
    func shrinkDigests(_ body: () -> Void) {
        digest.pointee.size = MemoryLayout<haraka_digest_1>.size - 16
        body()
        digest.pointee.size = MemoryLayout<haraka_digest_1>.size
    }

    private static func copy(_ text: String, _ out: UnsafeMutableRawPointer?, _ room: Int) -> Int32 {
        guard let out, text.utf8.count <= room else { return HARAKA_E_LIMIT }
        UnsafeMutableRawBufferPointer(start: out, count: room).copyBytes(from: text.utf8)
        return Int32(text.utf8.count)
    }

    private static func part(_ handle: haraka_part) -> FakePart? {
        guard let parts = shared.parts, handle.bits >= 100, handle.bits < 100 + UInt64(parts.count) else { return nil }
        return parts[Int(handle.bits) - 100]
    }

    private static func give(_ index: Int, _ out: UnsafeMutablePointer<haraka_part>?) -> Int32 {
        guard let parts = shared.parts, index < parts.count else { return HARAKA_E_ABSENT }
        out?.pointee = haraka_part(bits: 100 + UInt64(index))
        return HARAKA_SUCCESS
    }
}

private final class State {
    var text: String
    init(_ text: String) { self.text = text }
}

/// A text in the ABI's form.
func abi(_ text: Text) -> haraka_str { haraka_bytes(text.bytes.baseAddress, text.bytes.count) }

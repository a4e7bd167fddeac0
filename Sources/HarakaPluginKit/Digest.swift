// Message digests, from the host's service digest/1.
import CHarakaPluginKit

/// A digest, or with a key an HMAC (RFC 2104), piece by piece. Any thread, one at a time.
///
///     let name = try Digest.hex(.md5, of: "text")
///     let digest = try Digest(.sha256, key: secret)
///     digest.update(bytes)
///     if try Digest.equal(digest.finish(), expected) { ... }
public final class Digest: @unchecked Sendable {
    public enum Algorithm: Int32, Sendable {
        case md5 = 1
        case sha1, sha256, sha512
    }

    private let service: UnsafePointer<haraka_digest_1>
    private var state: UnsafeMutableRawPointer?

    public init(_ algorithm: Algorithm) throws(PluginError) {
        service = try offered()
        state = try begun(service, algorithm, haraka_str())
    }

    /// An HMAC. The key is copied.
    public init(_ algorithm: Algorithm, key: [UInt8]) throws(PluginError) {
        let service = try offered()
        self.service = service
        state = try key.lend { key in begunOutcome(service, algorithm, key.asKey) }.get()
    }

    public convenience init(_ algorithm: Algorithm, key: String) throws(PluginError) {
        try self.init(algorithm, key: Array(key.utf8))
    }

    deinit { if let state { service.pointee.drop(state) } }

    /// The next bytes. Nothing happens after ``finish()``.
    public func update(_ bytes: some Lendable) {
        guard let state else { return }
        bytes.lend { _ = service.pointee.update(state, $0.lent) }
    }

    /// 16, 20, 32 or 64 bytes. Once.
    public func finish() throws(PluginError) -> [UInt8] {
        guard let state else { throw PluginError("a digest that is finished", status: HARAKA_E_STATE) }
        self.state = nil
        return try filled { service.pointee.finish(state, $0, $1) }
    }

    /// Of all of `bytes`.
    public static func bytes(_ algorithm: Algorithm, of bytes: some Lendable) throws(PluginError) -> [UInt8] {
        let service = try offered()
        return try bytes.lend { bytes in
            filledOutcome { service.pointee.digest(algorithm.rawValue, haraka_str(), bytes.lent, $0, $1) }
        }.get()
    }

    /// The same in lower case hexadecimal digits.
    public static func hex(_ algorithm: Algorithm, of bytes: some Lendable) throws(PluginError) -> String {
        hex(try Digest.bytes(algorithm, of: bytes))
    }

    /// HMAC of all of `bytes`.
    public static func hmac(
        _ algorithm: Algorithm, key: some Lendable, _ bytes: some Lendable
    ) throws(PluginError) -> [UInt8] {
        let service = try offered()
        return try key.lend { key in
            bytes.lend { bytes in
                filledOutcome { service.pointee.digest(algorithm.rawValue, key.asKey, bytes.lent, $0, $1) }
            }
        }.get()
    }

    /// Whether both hold the same bytes; takes the same time wherever they differ.
    public static func equal(_ a: some Lendable, _ b: some Lendable) throws(PluginError) -> Bool {
        let service = try offered()
        return a.lend { a in b.lend { service.pointee.equal(a.lent, $0.lent) == 1 } }
    }

    /// Bytes as lower case hexadecimal digits.
    public static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

private func offered() throws(PluginError) -> UnsafePointer<haraka_digest_1> {
    guard let raw = "digest/1".lent({ haraka_kit_host().pointee.service($0) }) else {
        throw PluginError("digests are not offered by this host", status: HARAKA_E_UNSUPPORTED)
    }
    return raw.assumingMemoryBound(to: haraka_digest_1.self)
}

private func begun(
    _ service: UnsafePointer<haraka_digest_1>, _ algorithm: Digest.Algorithm, _ key: haraka_str
) throws(PluginError) -> UnsafeMutableRawPointer {
    try begunOutcome(service, algorithm, key).get()
}

private func begunOutcome(
    _ service: UnsafePointer<haraka_digest_1>, _ algorithm: Digest.Algorithm, _ key: haraka_str
) -> Result<UnsafeMutableRawPointer, PluginError> {
    guard let state = service.pointee.begin(algorithm.rawValue, key) else {
        return .failure(PluginError("no such digest", status: HARAKA_E_UNSUPPORTED))
    }
    return .success(state)
}

private func filled(_ body: (UnsafeMutableRawPointer?, Int) -> Int32) throws(PluginError) -> [UInt8] {
    try filledOutcome(body).get()
}

/// The longest digest has 64 bytes.
private func filledOutcome(_ body: (UnsafeMutableRawPointer?, Int) -> Int32) -> Result<[UInt8], PluginError> {
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 16) { room in
        let count = body(room.baseAddress, room.count)
        guard count >= 0, count <= room.count else { return .failure(PluginError("digest", status: count)) }
        return .success([UInt8](room[..<Int(count)]))
    }
}

extension Text {
    /// A key that is there, even if it is empty: only a NULL pointer means "no key".
    fileprivate var asKey: haraka_str { lent.ptr != nil ? lent : haraka_bytes(UnsafeRawPointer(bitPattern: 1), 0) }
}

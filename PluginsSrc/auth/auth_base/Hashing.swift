// The digests that the mechanisms need, as a value: so that they can be tried without a host.
import HarakaPluginKit

/// Digests by name, all of whole byte strings. Any thread.
struct Hashing: Sendable {
    typealias Keyed = @Sendable (_ key: [UInt8], _ bytes: [UInt8]) throws(PluginError) -> [UInt8]

    let sha256: @Sendable ([UInt8]) throws(PluginError) -> [UInt8]
    let hmacSHA256: Keyed
    let hmacMD5: Keyed
    /// PBKDF2 with HMAC-SHA-256, 32 bytes (RFC 8018).
    let derive: @Sendable (_ password: [UInt8], _ salt: [UInt8], _ iterations: Int) throws(PluginError) -> [UInt8]

    /// The host's (service digest/1).
    static let host = Hashing(
        sha256: { bytes throws(PluginError) in try Digest.bytes(.sha256, of: bytes) },
        hmacSHA256: { key, bytes throws(PluginError) in try Digest.hmac(.sha256, key: key, bytes) },
        hmacMD5: { key, bytes throws(PluginError) in try Digest.hmac(.md5, key: key, bytes) },
        derive: { password, salt, iterations throws(PluginError) in
            try Digest.derive(.sha256, password: password, salt: salt, rounds: iterations, count: 32)
        })

    /// HMAC-SHA-256 of a text.
    func keyed(_ key: [UInt8], _ text: String) throws(PluginError) -> [UInt8] { try hmacSHA256(key, Array(text.utf8)) }
}

/// Whether both hold the same bytes; takes the same time wherever they differ.
func sameBytes(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for (x, y) in zip(a, b) { difference |= x ^ y }
    return difference == 0
}

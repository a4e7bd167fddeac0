// digest/1: message digests and keyed ones, by OpenSSL's libcrypto. RFC 1321, FIPS 180-4, RFC 2104.

import CCrypto
import Glibc
import HarakaPluginABI

/// A digest, or an HMAC, that is being worked out piece by piece. Any thread, one at a time.
final class Digest {
    enum Failure: Error {
        /// No such algorithm in plugin.h.
        case unknown
        /// This machine's libcrypto does not offer it, or has no memory.
        case refused

        var status: Int32 { self == .unknown ? HARAKA_E_ARGUMENT : HARAKA_E_UNSUPPORTED }
    }

    /// Bytes of the result: 16, 20, 32 or 64.
    let size: Int
    private let inner: OpaquePointer
    /// The outer digest of an HMAC, with its key in it already; nil: a plain digest.
    private let outer: OpaquePointer?

    /// - Parameter key: nil: a plain digest
    init(_ algorithm: Int32, key: UnsafeRawBufferPointer?) throws(Failure) {
        let method = try Digest.method(algorithm)
        size = Int(EVP_MD_get_size(method))
        guard let inner = EVP_MD_CTX_new() else { throw .refused }
        let outer = key == nil ? nil : EVP_MD_CTX_new()
        (self.inner, self.outer) = (inner, outer)
        guard EVP_DigestInit_ex(inner, method, nil) == 1 else { throw .refused }
        guard let key else { return }
        guard outer != nil, EVP_DigestInit_ex(outer, method, nil) == 1, begin(key, method) else { throw .refused }
    }

    deinit {
        EVP_MD_CTX_free(inner)
        EVP_MD_CTX_free(outer)
    }

    private static func method(_ algorithm: Int32) throws(Failure) -> OpaquePointer {
        let method =
            switch algorithm {
            case HARAKA_DIGEST_MD5: EVP_md5()
            case HARAKA_DIGEST_SHA1: EVP_sha1()
            case HARAKA_DIGEST_SHA256: EVP_sha256()
            case HARAKA_DIGEST_SHA512: EVP_sha512()
            default: throw .unknown
            }
        guard let method else { throw .refused }
        return method
    }

    /// RFC 2104 section 2: the key, with zeros to the length of a block, goes in front of both digests.
    private func begin(_ key: UnsafeRawBufferPointer, _ method: OpaquePointer) -> Bool {
        let block = Int(EVP_MD_get_block_size(method))
        var padded = [UInt8](repeating: 0, count: block)
        defer { padded.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        if key.count <= block {
            padded.withUnsafeMutableBytes { $0.copyMemory(from: key) }
        } else {
            guard EVP_Digest(key.baseAddress, key.count, &padded, nil, method, nil) == 1 else { return false }
        }
        return add(0x36, to: padded, inner) && add(0x5c, to: padded, outer)
    }

    private func add(_ mask: UInt8, to key: [UInt8], _ context: OpaquePointer?) -> Bool {
        var masked = key.map { $0 ^ mask }
        defer { masked.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        return EVP_DigestUpdate(context, masked, masked.count) == 1
    }

    /// False: the library failed.
    func update(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.isEmpty || EVP_DigestUpdate(inner, bytes.baseAddress, bytes.count) == 1
    }

    /// Writes ``size`` bytes; nothing may be added afterwards. False: the library failed.
    func finish(_ out: UnsafeMutableRawPointer) -> Bool {
        let result = out.assumingMemoryBound(to: UInt8.self)
        guard EVP_DigestFinal_ex(inner, result, nil) == 1 else { return false }
        guard let outer else { return true }
        return EVP_DigestUpdate(outer, result, size) == 1 && EVP_DigestFinal_ex(outer, result, nil) == 1
    }

    /// Whether both hold the same bytes, in a time that depends on their length alone.
    static func areEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        a.count == b.count && (a.isEmpty || CRYPTO_memcmp(a.baseAddress, b.baseAddress, a.count) == 0)
    }

    /// PBKDF2 (RFC 8018 section 5.2) with HMAC.
    static func derive(
        _ algorithm: Int32, _ password: UnsafeRawBufferPointer, _ salt: UnsafeRawBufferPointer, rounds: Int32,
        into key: UnsafeMutableRawBufferPointer
    ) throws(Failure) {
        let method = try Digest.method(algorithm)
        guard let passwordSize = Int32(exactly: password.count), let saltSize = Int32(exactly: salt.count),
            let size = Int32(exactly: key.count)
        else { throw .unknown }
        // A null pointer is no empty password to it.
        let made = withUnsafeBytes(of: UInt64(0)) { empty in
            PKCS5_PBKDF2_HMAC(
                (password.baseAddress ?? empty.baseAddress)?.assumingMemoryBound(to: CChar.self), passwordSize,
                (salt.baseAddress ?? empty.baseAddress)?.assumingMemoryBound(to: UInt8.self), saltSize, rounds, method,
                size,
                key.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
        guard made == 1 else { throw .refused }
    }

    /// Fills it with what nobody can foresee: the kernel's getentropy(3), which gives 256 bytes at once. False: it has none to give.
    static func random(_ out: UnsafeMutableRawBufferPointer) -> Bool {
        var rest = out[...]
        while !rest.isEmpty {
            let part = UnsafeMutableRawBufferPointer(rebasing: rest.prefix(256))
            guard let start = part.baseAddress, getentropy(start, part.count) == 0 else { return false }
            rest = rest.dropFirst(part.count)
        }
        return true
    }
}

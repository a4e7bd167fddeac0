// Digests for the client's side of AUTH (RFC 2195, RFC 5802), by OpenSSL. They live here because this room has the
// library.

import CSSL
public import HarakaCore

/// What SASL's mechanisms need. Any thread.
public struct ClientDigests: ClientCrypto {
    public init() {}

    public func sha256(_ bytes: [UInt8]) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 32)
        return EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil) == 1 ? digest : nil
    }

    public func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) -> [UInt8]? { hmac(EVP_sha256(), key, bytes) }

    public func hmacMD5(key: [UInt8], _ bytes: [UInt8]) -> [UInt8]? { hmac(EVP_md5(), key, bytes) }

    /// nil for what the library refuses, MD5 where only FIPS 140's algorithms are offered among it.
    private func hmac(_ method: OpaquePointer?, _ key: [UInt8], _ bytes: [UInt8]) -> [UInt8]? {
        guard let method, let size = Int32(exactly: key.count) else { return nil }
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        ERR_clear_error()
        // A null pointer would mean "the key of before".
        let made = (key.isEmpty ? [0] : key).withUnsafeBytes { key in
            HMAC(method, key.baseAddress, size, bytes, bytes.count, &digest, &count)
        }
        return made == nil ? nil : Array(digest.prefix(Int(count)))
    }

    public func pbkdf2SHA256(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8]? {
        guard let rounds = Int32(exactly: iterations), rounds > 0, let size = Int32(exactly: salt.count),
            let length = Int32(exactly: password.count)
        else { return nil }
        var key = [UInt8](repeating: 0, count: 32)
        let made = (password.isEmpty ? [0] : password).withUnsafeBytes { password in
            PKCS5_PBKDF2_HMAC(
                password.baseAddress?.assumingMemoryBound(to: CChar.self), length, salt, size, rounds, EVP_sha256(), 32,
                &key)
        }
        return made == 1 ? key : nil
    }

    public func nonce() -> String? {
        var bytes = [UInt8](repeating: 0, count: 18)
        guard RAND_bytes(&bytes, Int32(bytes.count)) == 1 else { return nil }
        // 64 characters, so that each stands for six bits; none of them is a comma.
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        for index in stride(from: 0, to: bytes.count, by: 3) {
            let word = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
            for shift in [18, 12, 6, 0] { text.append(letters[Int(word >> UInt32(shift)) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

// Digests for tests: the system's libcrypto, found by name, since these tests link nothing else.

import Glibc
import HarakaCore

/// What a driver hands in, with a nonce that is always the same: that of RFC 7677's example.
struct SystemCrypto: ClientCrypto {
    /// A library that has no MD5.
    var hasMD5 = true
    var hasNonce = true

    func sha256(_ bytes: [UInt8]) -> [UInt8]? {
        var out = [UInt8](repeating: 0, count: 32)
        _ = Self.digest(bytes, bytes.count, &out, nil, Self.method("EVP_sha256"), nil)
        return out
    }

    func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) -> [UInt8]? { keyed("EVP_sha256", key, bytes) }

    func hmacMD5(key: [UInt8], _ bytes: [UInt8]) -> [UInt8]? { hasMD5 ? keyed("EVP_md5", key, bytes) : nil }

    func pbkdf2SHA256(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8]? {
        var out = [UInt8](repeating: 0, count: 32)
        _ = Self.derive(
            password, Int32(password.count), salt, Int32(salt.count), Int32(iterations), Self.method("EVP_sha256"), 32,
            &out)
        return out
    }

    func nonce() -> String? { hasNonce ? "rOprNGfwEbeRWgbNEkqO" : nil }

    private func keyed(_ name: String, _ key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 64)
        var count: UInt32 = 0
        _ = Self.hmac(Self.method(name), key, Int32(key.count), bytes, bytes.count, &out, &count)
        return Array(out.prefix(Int(count)))
    }

    private typealias Bytes = UnsafePointer<UInt8>
    private typealias Out = UnsafeMutablePointer<UInt8>
    private typealias Digest =
        @convention(c) (Bytes?, Int, Out?, UnsafeMutablePointer<UInt32>?, OpaquePointer?, OpaquePointer?) -> Int32
    private typealias Keyed =
        @convention(c) (OpaquePointer?, Bytes?, Int32, Bytes?, Int, Out?, UnsafeMutablePointer<UInt32>?) -> Out?
    private typealias Derive =
        @convention(c) (Bytes?, Int32, Bytes?, Int32, Int32, OpaquePointer?, Int32, Out?) -> Int32

    private static let digest = function("EVP_Digest", Digest.self)
    private static let hmac = function("HMAC", Keyed.self)
    private static let derive = function("PKCS5_PBKDF2_HMAC", Derive.self)

    private static func function<Kind>(_ name: String, _: Kind.Type) -> Kind {
        unsafeBitCast(dlsym(dlopen("libcrypto.so.3", RTLD_NOW), name), to: Kind.self)
    }

    private static func method(_ name: String) -> OpaquePointer? {
        function(name, (@convention(c) () -> OpaquePointer?).self)()
    }
}

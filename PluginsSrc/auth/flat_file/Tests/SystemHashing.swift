// Digests for tests, which have no host: the system's libcrypto, found by name, since a plugin's tests link nothing else.
import Glibc
import HarakaPluginKit

@testable import FlatFile

extension StoredHashing {
    static let system = StoredHashing(
        digest: { Crypto.hash($0, $1) },
        hmacSHA256: { Crypto.keyed($0, $1) },
        derive: { Crypto.derive($0, $1, Int32($2)) })
}

private enum Crypto {
    typealias Method = @convention(c) () -> OpaquePointer?
    typealias Hash =
        @convention(c) (
            UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt32>?, OpaquePointer?,
            OpaquePointer?
        ) -> Int32
    typealias Keyed =
        @convention(c) (
            OpaquePointer?, UnsafePointer<UInt8>?, Int32, UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>?,
            UnsafeMutablePointer<UInt32>?
        ) -> UnsafeMutablePointer<UInt8>?
    typealias Derive =
        @convention(c) (
            UnsafePointer<UInt8>?, Int32, UnsafePointer<UInt8>?, Int32, Int32, OpaquePointer?, Int32,
            UnsafeMutablePointer<UInt8>?
        ) -> Int32

    private static func function<Kind>(_ name: String, _: Kind.Type) -> Kind {
        unsafeBitCast(dlsym(dlopen("libcrypto.so.3", RTLD_NOW), name), to: Kind.self)
    }

    private static func method(_ name: String) -> OpaquePointer? { function(name, Method.self)() }

    static func hash(_ algorithm: Digest.Algorithm, _ bytes: [UInt8]) -> [UInt8] {
        let name =
            switch algorithm {
            case .md5: "EVP_md5"
            case .sha1: "EVP_sha1"
            case .sha256: "EVP_sha256"
            case .sha512: "EVP_sha512"
            }
        var out = [UInt8](repeating: 0, count: 64)
        var count: UInt32 = 0
        _ = function("EVP_Digest", Hash.self)(bytes, bytes.count, &out, &count, method(name), nil)
        return Array(out.prefix(Int(count)))
    }

    static func keyed(_ key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        _ = function("HMAC", Keyed.self)(method("EVP_sha256"), key, Int32(key.count), bytes, bytes.count, &out, nil)
        return out
    }

    static func derive(_ password: [UInt8], _ salt: [UInt8], _ rounds: Int32) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        _ = function("PKCS5_PBKDF2_HMAC", Derive.self)(
            password, Int32(password.count), salt, Int32(salt.count), rounds, method("EVP_sha256"), 32, &out)
        return out
    }
}

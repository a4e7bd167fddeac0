// Hashes of passwords, by libcrypto and crypt(3).

import CCrypt
import CSSL
import FoundationEssentials

enum PasswordHash {
    /// What stands behind the `=` in auth_flat_file.ini, with a new salt each time.
    ///
    /// - Throws: `CommandError` if the system's library cannot do it.
    static func make(_ password: String, _ scheme: HashScheme, cost: Int?) throws -> String {
        let cost = cost ?? scheme.usualCost
        if scheme == .scram { return scheme.label + (try scram(password, salt: random(16), iterations: cost)) }
        return scheme.label + (try crypt(password, setting: try setting(scheme, cost)))
    }

    /// `iterations,salt,StoredKey,ServerKey`: RFC 5802 section 3, RFC 7677.
    static func scram(_ password: String, salt: [UInt8], iterations: Int) throws -> String {
        var salted = [UInt8](repeating: 0, count: 32)
        let done = PKCS5_PBKDF2_HMAC(
            password, Int32(password.utf8.count), salt, Int32(salt.count), Int32(clamping: iterations), EVP_sha256(),
            32,
            &salted)
        guard done == 1 else { throw CommandError("PBKDF2 is not available") }
        let stored = try sha256(try hmac(salted, "Client Key"))
        let server = try hmac(salted, "Server Key")
        return "\(iterations),\(base64(salt)),\(base64(stored)),\(base64(server))"
    }

    private static func hmac(_ key: [UInt8], _ text: String) throws -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        var count = 0
        let bytes = Array(text.utf8)
        guard
            EVP_Q_mac(nil, "HMAC", nil, "SHA256", nil, key, key.count, bytes, bytes.count, &out, out.count, &count)
                != nil
        else { throw CommandError("HMAC-SHA-256 is not available") }
        return out
    }

    private static func sha256(_ bytes: [UInt8]) throws -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        guard EVP_Q_digest(nil, "SHA256", nil, bytes, bytes.count, &out, nil) == 1 else {
            throw CommandError("SHA-256 is not available")
        }
        return out
    }

    /// A new setting for crypt(3). Cost 0: what the library finds right.
    private static func setting(_ scheme: HashScheme, _ cost: Int) throws -> String {
        var random = random(32).map { CChar(bitPattern: $0) }
        var out = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        let made = crypt_gensalt_rn(
            scheme.prefix, UInt(cost), &random, Int32(random.count), &out, Int32(out.count))
        guard made != nil else { throw CommandError("crypt(3) does not know \(scheme.rawValue), or not this cost") }
        return text(out)
    }

    private static func crypt(_ password: String, setting: String) throws -> String {
        let size = MemoryLayout<crypt_data>.size
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { room.deallocate() }
        room.initializeMemory(as: UInt8.self, repeating: 0)
        guard let hash = crypt_rn(password, setting, room.baseAddress, Int32(size)) else {
            throw CommandError("crypt(3) cannot hash this password")
        }
        return String(cString: hash)
    }

    private static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

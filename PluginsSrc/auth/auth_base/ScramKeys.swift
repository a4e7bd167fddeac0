// What a server keeps of a user for SCRAM-SHA-256 (RFC 5802 section 3, RFC 7677): not the password.
import HarakaPluginKit

/// From these a client can be checked, but nobody can log in elsewhere with them.
struct ScramKeys: Equatable {
    static let length = 32
    /// RFC 7677 section 4: at least this many.
    static let fewestIterations = 4096
    /// A bound for what a mistake in a file could cost each login.
    static let mostIterations = 10_000_000

    let iterations: Int
    let salt: [UInt8]
    let storedKey: [UInt8]
    let serverKey: [UInt8]

    init(iterations: Int, salt: [UInt8], storedKey: [UInt8], serverKey: [UInt8]) {
        (self.iterations, self.salt, self.storedKey, self.serverKey) = (iterations, salt, storedKey, serverKey)
    }

    /// `iterations,salt,StoredKey,ServerKey`, the last three in Base64, as Dovecot keeps them behind `{SCRAM-SHA-256}`.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: 0x2C, omittingEmptySubsequences: false)
        guard parts.count == 4, let iterations = Int(String(decoding: parts[0], as: UTF8.self)),
            1...Self.mostIterations ~= iterations, let salt = Self.bytes(parts[1]), let stored = Self.bytes(parts[2]),
            let server = Self.bytes(parts[3]), !salt.isEmpty, stored.count == Self.length, server.count == Self.length
        else { return nil }
        self.init(iterations: iterations, salt: salt, storedKey: stored, serverKey: server)
    }

    private static func bytes(_ text: Substring.UTF8View) -> [UInt8]? {
        Base64.decode(String(decoding: text, as: UTF8.self))
    }

    /// From a password, as the client does it. Slow, as it must be: not for the loop.
    static func derive(
        password: String, salt: [UInt8], iterations: Int, _ hashing: Hashing
    ) throws(PluginError) -> ScramKeys {
        let password = SASLPrep.prepared(password) ?? password
        let salted = try hashing.derive(Array(password.utf8), salt, iterations)
        return ScramKeys(
            iterations: iterations, salt: salt, storedKey: try hashing.sha256(try hashing.keyed(salted, "Client Key")),
            serverKey: try hashing.keyed(salted, "Server Key"))
    }

    /// For a user that is not known: the same salt each time, and a key that no password has, so that nobody can find out
    /// who is known.
    static func invented(user: String, secret: [UInt8], _ hashing: Hashing) throws(PluginError) -> ScramKeys {
        ScramKeys(
            iterations: fewestIterations, salt: try salt(user: user, secret: secret, hashing),
            storedKey: try hashing.keyed(secret, "stored " + user),
            serverKey: try hashing.keyed(secret, "server " + user))
    }

    /// The salt of a user whose keys are made from a clear password each time: it must not change between two logins.
    static func salt(user: String, secret: [UInt8], _ hashing: Hashing) throws(PluginError) -> [UInt8] {
        Array(try hashing.keyed(secret, "salt " + user).prefix(16))
    }
}

// The forms in which a password may stand in the file: clear, or in any of the forms that crypt(3) and `doveadm pw` make.
import HarakaPluginKit

/// What is kept of a password. Any thread.
enum StoredPassword: Equatable, Sendable {
    case plain(String)
    /// A setting and hash of crypt(3): `$6$...`, `$y$...`, `$2b$...`.
    case crypt(String)
    case scram(StoredKeys)
    /// LDAP's forms: a digest of the password and a salt, followed by the salt.
    case digest(Digest.Algorithm, [UInt8], salt: [UInt8])

    /// nil: `{SCHEME}` is not known, or what follows it is not what it should be.
    init?(_ text: String) {
        if text.hasPrefix("{") {
            guard let end = text.utf8.firstIndex(of: 0x7D) else { return nil }
            let scheme = String(text[text.index(after: text.startIndex)..<end])
            self.init(scheme: scheme.asciiLowercased, String(text[text.index(after: end)...]))
        } else {
            // Bare hashes are as common as bare passwords. A password that looks like one is written {PLAIN}$6$...
            self = Crypt.isSetting(text) ? .crypt(text) : .plain(text)
        }
    }

    private init?(scheme: String, _ text: String) {
        switch scheme {
        case "plain", "clear", "cleartext": self = .plain(text)
        case "scram-sha-256":
            guard let keys = StoredKeys(text) else { return nil }
            self = .scram(keys)
        case "crypt", "sha512-crypt", "sha256-crypt", "blf-crypt", "md5-crypt", "yescrypt", "gost-yescrypt",
            "des-crypt":
            guard Crypt.isSetting(text) || scheme == "crypt" || scheme == "des-crypt", !text.isEmpty else { return nil }
            self = .crypt(text)
        case "sha", "sha1", "ssha": self.init(.sha1, 20, text, isSalted: scheme == "ssha")
        case "sha256", "ssha256": self.init(.sha256, 32, text, isSalted: scheme == "ssha256")
        case "sha512", "ssha512": self.init(.sha512, 64, text, isSalted: scheme == "ssha512")
        case "smd5", "ldap-md5": self.init(.md5, 16, text, isSalted: scheme == "smd5")
        default: return nil
        }
        if case .plain("") = self { return nil }
    }

    private init?(_ algorithm: Digest.Algorithm, _ length: Int, _ text: String, isSalted: Bool) {
        guard let bytes = Base64.decode(text), isSalted ? bytes.count > length : bytes.count == length else {
            return nil
        }
        self = .digest(algorithm, Array(bytes[..<length]), salt: Array(bytes[length...]))
    }

    /// Whether a mechanism can be done with it.
    func allows(_ method: String) -> Bool {
        switch (method, self) {
        case ("PLAIN", _), ("LOGIN", _), ("CRAM-MD5", .plain): true
        case ("SCRAM-SHA-256", .plain), ("SCRAM-SHA-256-PLUS", .plain): true
        case ("SCRAM-SHA-256", .scram), ("SCRAM-SHA-256-PLUS", .scram): true
        default: false
        }
    }

    /// Made to take time: not for the loop.
    var isSlow: Bool {
        switch self {
        case .crypt, .scram: true
        case .plain, .digest: false
        }
    }

    /// Whether it is this password. A failure inside is none.
    func accepts(_ password: String, _ hashing: StoredHashing) -> Bool {
        switch self {
        case .plain(let own): return isSame(Array(own.utf8), Array(password.utf8))
        case .crypt(let own):
            guard let hash = Crypt.hash(password, setting: own) else { return false }
            return isSame(hash, Array(own.utf8))
        case .scram(let keys):
            let other = try? StoredKeys.derive(
                password: password, salt: keys.salt, iterations: keys.iterations, hashing)
            return other.map { isSame($0.storedKey, keys.storedKey) } ?? false
        case .digest(let algorithm, let sum, let salt):
            let other = try? hashing.digest(algorithm, Array(password.utf8) + salt)
            return other.map { isSame($0, sum) } ?? false
        }
    }
}

/// The digests that are needed, as a value: so that all this can be tried without a host. Any thread.
struct StoredHashing: Sendable {
    let digest: @Sendable (Digest.Algorithm, [UInt8]) throws(PluginError) -> [UInt8]
    let hmacSHA256: @Sendable (_ key: [UInt8], _ bytes: [UInt8]) throws(PluginError) -> [UInt8]
    /// PBKDF2 with HMAC-SHA-256, 32 bytes.
    let derive: @Sendable (_ password: [UInt8], _ salt: [UInt8], _ iterations: Int) throws(PluginError) -> [UInt8]

    /// The host's (service digest/1).
    static let host = StoredHashing(
        digest: { algorithm, bytes throws(PluginError) in try Digest.bytes(algorithm, of: bytes) },
        hmacSHA256: { key, bytes throws(PluginError) in try Digest.hmac(.sha256, key: key, bytes) },
        derive: { password, salt, iterations throws(PluginError) in
            try Digest.derive(.sha256, password: password, salt: salt, rounds: iterations, count: 32)
        })
}

/// The keys of SCRAM-SHA-256 as Dovecot keeps them: `iterations,salt,StoredKey,ServerKey` (RFC 5802 section 3).
struct StoredKeys: Equatable, Sendable {
    /// RFC 7677 section 4.
    static let fewestIterations = 4096
    /// A bound for what a slip of the pen could cost each login.
    static let mostIterations = 10_000_000

    let iterations: Int
    let salt: [UInt8]
    let storedKey: [UInt8]
    let serverKey: [UInt8]

    init(iterations: Int, salt: [UInt8], storedKey: [UInt8], serverKey: [UInt8]) {
        (self.iterations, self.salt, self.storedKey, self.serverKey) = (iterations, salt, storedKey, serverKey)
    }

    init?(_ text: String) {
        let parts = text.utf8.split(separator: 0x2C, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard parts.count == 4, let iterations = Int(parts[0]), 1...Self.mostIterations ~= iterations,
            let salt = Base64.decode(parts[1]), let stored = Base64.decode(parts[2]),
            let server = Base64.decode(parts[3]),
            !salt.isEmpty, stored.count == 32, server.count == 32
        else { return nil }
        self.init(iterations: iterations, salt: salt, storedKey: stored, serverKey: server)
    }

    var text: String {
        "\(iterations),\(Base64.encode(salt)),\(Base64.encode(storedKey)),\(Base64.encode(serverKey))"
    }

    static func derive(
        password: String, salt: [UInt8], iterations: Int, _ hashing: StoredHashing
    ) throws(PluginError) -> StoredKeys {
        let salted = try hashing.derive(Array(password.utf8), salt, iterations)
        let stored = try hashing.digest(.sha256, try hashing.hmacSHA256(salted, Array("Client Key".utf8)))
        let server = try hashing.hmacSHA256(salted, Array("Server Key".utf8))
        return StoredKeys(iterations: iterations, salt: salt, storedKey: stored, serverKey: server)
    }

    /// A salt for a user that has none, the same each time, and bytes that nobody can know.
    static func invention(
        for user: String, _ secret: [UInt8], _ hashing: StoredHashing
    ) throws(PluginError) -> (salt: [UInt8], other: [UInt8]) {
        let salt = try hashing.hmacSHA256(secret, Array("salt \(user)".utf8))
        return (Array(salt.prefix(16)), try hashing.hmacSHA256(secret, Array("other \(user)".utf8)))
    }
}

/// Whether both hold the same bytes; takes the same time wherever they differ.
func isSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for (x, y) in zip(a, b) { difference |= x ^ y }
    return difference == 0
}

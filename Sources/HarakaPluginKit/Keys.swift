// Keys from passwords, and chance, from the host's service digest/1.
import CHarakaPluginKit

extension Digest {
    /// A key of `count` bytes from a password: PBKDF2 (RFC 8018) with HMAC. Slow, as it must be: offload it. Any thread.
    ///
    ///     next.offload({ () throws(PluginError) in
    ///         try Digest.derive(.sha256, password: password, salt: salt, rounds: 4096, count: 32)
    ///     }) { key, next in ... }
    public static func derive(
        _ algorithm: Algorithm, password: some Lendable, salt: some Lendable, rounds: Int, count: Int
    ) throws(PluginError) -> [UInt8] {
        let service = try grown()
        guard let rounds = UInt32(exactly: rounds), rounds > 0, count > 0 else {
            throw PluginError("derive: no such rounds or count", status: HARAKA_E_ARGUMENT)
        }
        var key = [UInt8](repeating: 0, count: count)
        let status = key.withUnsafeMutableBytes { key in
            password.lend { password in
                salt.lend { salt in
                    service.pointee.derive(
                        algorithm.rawValue, password.lent, salt.lent, rounds, key.baseAddress, key.count)
                }
            }
        }
        try PluginError.check(status, "derive")
        return key
    }

    /// Bytes that nobody can foresee. Any thread.
    public static func random(_ count: Int) throws(PluginError) -> [UInt8] {
        let service = try grown()
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        let status = bytes.withUnsafeMutableBytes { service.pointee.random($0.baseAddress, $0.count) }
        try PluginError.check(status, "random")
        return bytes
    }
}

/// The table with what it has since 0.4.
private func grown() throws(PluginError) -> UnsafePointer<haraka_digest_1> {
    guard let table = service("digest/1", haraka_digest_1.self),
        table.pointee.size >= MemoryLayout<haraka_digest_1>.size
    else { throw PluginError("keys are not offered by this host", status: HARAKA_E_UNSUPPORTED) }
    return table
}

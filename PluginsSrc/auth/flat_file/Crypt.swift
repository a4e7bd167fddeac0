// crypt(3), from libxcrypt: yescrypt, bcrypt, SHA-512 and whatever else the system's library knows.
import CCrypt

enum Crypt {
    /// Whether a text is a hash of a method that this system can compute. The old ones without `$` are only taken for hashes if
    /// the file says so.
    static func isSetting(_ text: String) -> Bool {
        guard text.hasPrefix("$") else { return false }
        return text.withCString { crypt_checksalt($0) } != CRYPT_SALT_INVALID
    }

    /// What crypt(3) makes of a password; nil if it cannot. Slow, as it must be. Any thread.
    static func hash(_ password: String, setting: String) -> [UInt8]? {
        let size = MemoryLayout<crypt_data>.size
        let room = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        room.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        // It holds what leads to the password.
        defer {
            room.initializeMemory(as: UInt8.self, repeating: 0, count: size)
            room.deallocate()
        }
        let hash = password.withCString { password in
            setting.withCString { setting in crypt_rn(password, setting, room, Int32(size)) }
        }
        guard let hash else { return nil }
        return Array(String(cString: hash).utf8)
    }
}

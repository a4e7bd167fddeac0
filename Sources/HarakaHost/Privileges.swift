// Becoming the user of smtp.ini once the ports are open, before the first plugin byte is mapped.

import Glibc

enum Privileges {
    /// Group first, as Haraka does; for good.
    static func drop(user: String?, group: String?) throws {
        guard user != nil || group != nil else { return }
        guard getuid() == 0 else {
            throw CommandError("smtp.ini names a user or group, which only root can become")
        }
        let account = try user.map(findUser)
        guard let gid = try group.map(findGroup) ?? account?.gid else { return }
        let name = account?.name
        let hasGroups = name.map { initgroups($0, gid) == 0 } ?? (setgroups(0, nil) == 0)
        guard hasGroups, setgid(gid) == 0 else {
            throw CommandError("cannot become group \(group ?? user ?? ""): \(errnoText())")
        }
        if let account, setuid(account.uid) != 0 {
            throw CommandError("cannot become user \(user ?? ""): \(errnoText())")
        }
    }

    private static func findUser(_ text: String) throws -> (uid: uid_t, gid: gid_t, name: String?) {
        let entry = UInt32(text).map { getpwuid($0) } ?? getpwnam(text)
        if let entry { return (entry.pointee.pw_uid, entry.pointee.pw_gid, String(cString: entry.pointee.pw_name)) }
        guard let number = UInt32(text) else { throw CommandError("smtp.ini: there is no user \(text)") }
        return (number, number, nil)
    }

    private static func findGroup(_ text: String) throws -> gid_t {
        if let number = UInt32(text) { return number }
        guard let entry = getgrnam(text) else { throw CommandError("smtp.ini: there is no group \(text)") }
        return entry.pointee.gr_gid
    }
}

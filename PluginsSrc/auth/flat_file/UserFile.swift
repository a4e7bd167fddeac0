// auth_flat_file.ini, read.
import HarakaPluginKit

/// The users of one file. A value.
struct UserFile: Sendable {
    /// Names as they are written: case counts, as in Haraka.
    private(set) var users: [String: StoredPassword] = [:]
    /// As `methods=` says; nil: all that every stored password allows.
    private var wanted: [String]?
    private(set) var constrainsSender = true
    /// `line 3: ...`, never with what stands behind the `=`.
    private(set) var mistakes: [String] = []
    /// All of it, for a digest.
    let content: [UInt8]
    /// Names in order, so that each process finds the same one for a stranger.
    private let names: [String]

    static let all = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5"]

    init(_ lines: [[UInt8]]) {
        content = Array(lines.joined(separator: [0x0A]))
        var reading = Reading()
        for (index, line) in lines.enumerated() { reading.take(line, number: index + 1) }
        (users, wanted, constrainsSender, mistakes) =
            (reading.users, reading.wanted, reading.constrainsSender, reading.mistakes)
        names = users.keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }

    /// What is offered: what `methods` wants and at least one user can do, else what each of them can do.
    var methods: [String] {
        guard !users.isEmpty else { return [] }
        if let wanted { return wanted.filter { method in users.values.contains { $0.allows(method) } } }
        return Self.all.filter { method in users.values.allSatisfy { $0.allows(method) } }
    }

    /// The stored password of somebody else, for a user that is not known: always the same, so that a stranger looks like a user
    /// in the time that an answer takes.
    func model(for user: String, _ secret: [UInt8]) -> StoredPassword? { pick(names, user, secret) }

    /// The same among those who can use SCRAM.
    func scramModel(for user: String, _ secret: [UInt8]) -> StoredPassword? {
        pick(names.filter { users[$0]?.allows("SCRAM-SHA-256") ?? false }, user, secret)
    }

    private func pick(_ names: [String], _ user: String, _ secret: [UInt8]) -> StoredPassword? {
        guard !names.isEmpty else { return nil }
        // FNV-1a: only its spread matters, and that nobody can compute it who does not know the secret.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in secret + Array(user.utf8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
        return users[names[Int(hash >> 33) % names.count]]
    }
}

/// The state of reading.
private struct Reading {
    var users: [String: StoredPassword] = [:]
    var wanted: [String]?
    var constrainsSender = true
    var mistakes: [String] = []
    private var section = "main"

    mutating func take(_ line: [UInt8], number: Int) {
        guard let text = String(validating: line, as: UTF8.self) else { return note(number, "not UTF-8") }
        let line = trimmed(text.utf8[...])
        guard let first = line.first, first != 0x23, first != 0x3B else { return }
        if first == 0x5B { return enter(line, number) }
        guard let sign = line.firstIndex(of: 0x3D) else { return note(number, "no = in this line") }
        let key = string(trimmed(line[..<sign])), value = string(trimmed(line[line.index(after: sign)...]))
        switch section {
        case "users": user(key, value, number)
        // Haraka's own file has [core], and its auth_base looks in [main].
        case "core", "main": setting(key, value, number)
        default: break
        }
    }

    private mutating func enter(_ line: Substring.UTF8View, _ number: Int) {
        guard line.last == 0x5D else { return note(number, "no ] at the end of this line") }
        section = string(trimmed(line.dropFirst().dropLast())).asciiLowercased
    }

    private mutating func user(_ name: String, _ value: String, _ number: Int) {
        guard !name.isEmpty else { return note(number, "no name before the =") }
        guard !value.isEmpty else { return note(number, "\(name) has no password") }
        guard let stored = StoredPassword(value) else {
            return note(number, "the password of \(name) is in no known form")
        }
        if users[name] != nil { return note(number, "\(name) is there already") }
        users[name] = stored
    }

    private mutating func setting(_ key: String, _ value: String, _ number: Int) {
        switch key {
        case "methods":
            let words = value.words.map { uppercased($0) }
            if let strange = words.first(where: { !UserFile.all.contains($0) }) {
                return note(number, "methods: \(strange) is none of \(UserFile.all.joined(by: ", "))")
            }
            wanted = words
        case "constrain_sender":
            guard let on = isOn(value) else { return note(number, "constrain_sender is neither true nor false") }
            constrainsSender = on
        // Most likely a user above the section of users.
        default: note(number, "no such key here: \(key)")
        }
    }

    private mutating func note(_ number: Int, _ what: String) { mistakes.append("line \(number): \(what)") }
}

/// ASCII letters in upper case.
private func uppercased(_ text: String) -> String {
    String(decoding: text.utf8.map { $0 >= 0x61 && $0 <= 0x7A ? $0 & 0xDF : $0 }, as: UTF8.self)
}

private func isOn(_ value: String) -> Bool? {
    let word = value.asciiLowercased
    if ["true", "yes", "ok", "enabled", "on", "1"].contains(word) { return true }
    return ["false", "no", "disabled", "off", "0"].contains(word) ? false : nil
}

private func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
    var rest = text
    while let first = rest.first, first == 0x20 || first == 0x09 || first == 0x0D { rest.removeFirst() }
    while let last = rest.last, last == 0x20 || last == 0x09 || last == 0x0D { rest.removeLast() }
    return rest
}

private func string(_ text: Substring.UTF8View) -> String { String(decoding: text, as: UTF8.self) }

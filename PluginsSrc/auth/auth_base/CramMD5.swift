// CRAM-MD5 (RFC 2195): the password does not cross the wire, but the server must have it in the clear.
import HarakaPluginKit

struct CramMD5 {
    /// What the client signs: `<random.time@host>`, new for each exchange, so that an answer cannot be used again.
    let ticket: String
    private(set) var user = ""

    init(ticket: String) { self.ticket = ticket }

    /// - Parameters:
    ///   - random: bytes that nobody can foresee.
    ///   - time: milliseconds since 1970.
    static func ticket(random: [UInt8], time: Int64, host: String) -> String {
        "<\(Digest.hex(random)).\(String(time, radix: 16))@\(host)>"
    }

    /// RFC 4954 section 4: the server begins, so an initial response is an error.
    func begin(_ initial: [UInt8]?) -> Step { initial == nil ? .challenge(Array(ticket.utf8)) : .unexpected }

    /// `user digest`: a name may hold blanks, a digest does not.
    mutating func received(_ response: [UInt8]) -> Step {
        guard let blank = response.lastIndex(of: 0x20), let name = String(credential: response[..<blank]),
            let digest = String(credential: response[(blank + 1)...]), !name.isEmpty, !digest.isEmpty
        else { return .malformed }
        user = name
        return .ask(.digest(user: name, digest: digest.asciiLowercased, ticket: ticket))
    }

    /// What the client must answer, without its name.
    static func digest(password: String, ticket: String, _ hashing: Hashing) throws(PluginError) -> String {
        Digest.hex(try hashing.hmacMD5(Array(password.utf8), Array(ticket.utf8)))
    }
}

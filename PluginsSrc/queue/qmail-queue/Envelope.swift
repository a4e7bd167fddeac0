// The envelope as qmail-queue reads it: qmail-queue(8).
import HarakaPluginKit

/// `F` sender NUL, for each recipient `T` address NUL, and one more NUL. As long as it must be.
func envelope(sender: String, recipients: [String]) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "F")]
    bytes += sender.utf8
    bytes.append(0)
    for recipient in recipients {
        bytes.append(UInt8(ascii: "T"))
        bytes += recipient.utf8
        bytes.append(0)
    }
    bytes.append(0)
    return bytes
}

/// An address as qmail has it: the quotes of a local part belong to SMTP and not to the name (RFC 5321 section 4.1.2).
func address(user: String, host: String) -> String {
    host.isEmpty ? unquoted(user) : unquoted(user) + "@" + host
}

private func unquoted(_ user: String) -> String {
    let bytes = Array(user.utf8)
    let quote = UInt8(ascii: "\"")
    guard bytes.count >= 2, bytes.first == quote, bytes.last == quote else { return user }
    var plain: [UInt8] = []
    // A backslash takes the meaning from the next byte, also from another backslash.
    var isQuoted = false
    for byte in bytes[1..<(bytes.count - 1)] {
        isQuoted = byte == UInt8(ascii: "\\") && !isQuoted
        if !isQuoted { plain.append(byte) }
    }
    return String(decoding: plain, as: UTF8.self)
}

/// How a program ended.
enum Outcome: Equatable {
    /// It has the mail.
    case queued
    /// It does not want it, now or later.
    case refused(String)
    /// It does not have it; later it might.
    case failed(String)

    /// From its exit status; 256 and more are signals. qmail takes 11 to 40 for final and all else for passing, and so do
    /// the programs that stand in its place.
    init(status: Int32) {
        switch status {
        case 0: self = .queued
        case 11: self = .refused("an address is too long")
        case 31: self = .refused("refused for good")
        case 11...40: self = .refused("a permanent error")
        case 51: self = .failed("out of memory")
        case 52: self = .failed("timeout")
        case 53: self = .failed("writing failed; the disk may be full")
        case 54: self = .failed("reading the message or the envelope failed")
        case 55: self = .failed("a configuration file cannot be read")
        case 56...74: self = .failed("the queue or the network cannot be used")
        case 81: self = .failed("a bug in it")
        case 91: self = .failed("the envelope was not understood")
        case 256...: self = .failed("ended by signal \(status - 256)")
        default: self = .failed("an unknown error")
        }
    }
}

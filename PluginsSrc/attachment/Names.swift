// File names, as senders write them: any bytes, of any length.
import HarakaPluginKit

/// ASCII letters in lower case.
func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

/// Whether a name ends in a dot and one of these; ASCII letters without case.
func hasExtension(_ name: String, _ extensions: [String]) -> Bool { matchingExtension(name, extensions) != nil }

/// The one of these, all in lower case, in which a name ends.
func matchingExtension(_ name: String, _ extensions: [String]) -> String? {
    let name = name.utf8
    return extensions.first { wanted in
        let wanted = wanted.utf8
        guard name.count > wanted.count else { return false }
        let end = name.suffix(wanted.count + 1)
        return end.first == UInt8(ascii: ".") && end.dropFirst().lazy.map(lowered).elementsEqual(wanted)
    }
}

/// `.exe`, in lower case; `.unknown` if there is none.
func fileExtension(_ name: String) -> String {
    let bytes = Array(name.utf8)
    guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot + 1 < bytes.count else { return ".unknown" }
    return String(decoding: bytes[dot...].map(lowered), as: UTF8.self)
}

/// What a name is once it is a file's: Windows drops blanks and dots at the end, and so a name must be looked at
/// without them, too.
func tidied(_ name: String) -> String {
    var rest = Substring(name).utf8
    while let last = rest.last, last <= 0x20 || last == UInt8(ascii: ".") || last == 0x7F { rest.removeLast() }
    return String(Substring(rest))
}

/// What a compressed file is called when it is unpacked: `a.exe.gz` without `.gz`.
func unpackedName(_ path: String, _ extensions: [String]) -> String {
    let name = path.utf8.suffix(while: { $0 != UInt8(ascii: "/") })
    let known = matchingExtension(path, extensions + ["gz", "z", "bz2", "xz", "zst"])
    return String(decoding: known.map { name.dropLast($0.utf8.count + 1) } ?? name, as: UTF8.self)
}

/// The bytes of a name that is kept: the end of a long one, because names are judged by their ends.
let longestName = 512

/// From an archive: not longer than ``longestName``, and valid.
func keptName(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: bytes.dropFirst(Swift.max(0, bytes.count - longestName)), as: UTF8.self)
}

/// For a reply: printable ASCII, of which the end of a long one.
func printable(_ text: String) -> String {
    let bytes = text.utf8.suffix(120)
    return String(decoding: bytes.map { $0 > 0x1F && $0 < 0x7F ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
}

extension BidirectionalCollection {
    /// The longest end of which all elements fit.
    fileprivate func suffix(while fits: (Element) -> Bool) -> SubSequence {
        var start = endIndex
        while start > startIndex, fits(self[index(before: start)]) { start = index(before: start) }
        return self[start...]
    }
}

// By what an archive is known, other than its name.
import HarakaPluginKit

/// As many bytes of a file's start as ``looksLikeArchive(_:)`` wants: a tar archive has its sign behind the first name.
let signLength = 265

/// Whether a file begins as archives and compressed files do. Those whose sign is too short to be one are told by
/// name only.
func looksLikeArchive(_ start: some RandomAccessCollection<UInt8>) -> Bool {
    let signs: [[UInt8]] = [
        [0x50, 0x4B, 0x03, 0x04], [0x50, 0x4B, 0x05, 0x06], [0x50, 0x4B, 0x07, 0x08],  // zip
        [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C],  // 7z
        [0x52, 0x61, 0x72, 0x21, 0x1A, 0x07],  // rar
        [0x1F, 0x8B, 0x08],  // gzip
        [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00],  // xz
        [0x28, 0xB5, 0x2F, 0xFD],  // zstd
    ]
    if signs.contains(where: { start.starts(with: $0) }) || isSkippableFrame(start) { return true }
    if start.starts(with: "BZh".utf8) {
        return start.dropFirst(4).starts(with: [0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
    }
    return start.dropFirst(257).starts(with: "ustar".utf8)
}

/// RFC 8878 section 3.1.2: zstd may begin with something else.
func isSkippableFrame(_ start: some RandomAccessCollection<UInt8>) -> Bool {
    start.first.map { $0 & 0xF0 == 0x50 } ?? false && start.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
}

func isSevenZip(_ start: [UInt8]) -> Bool { start.starts(with: [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]) }

/// Whether it begins as zip archives do, or as programs that unpack themselves.
func mayBeZip(_ start: some RandomAccessCollection<UInt8>) -> Bool {
    start.starts(with: "PK".utf8) || start.starts(with: "MZ".utf8)
}

/// Whether a content type, in lower case, is one of an archive.
func isArchiveType(_ type: String) -> Bool {
    let types = [
        "application/zip", "application/x-zip-compressed", "application/x-zip", "multipart/x-zip", "application/x-tar",
        "application/x-gtar", "application/gzip", "application/x-gzip", "application/x-compressed-tar",
        "application/x-tgz", "application/x-compress", "application/x-7z-compressed", "application/vnd.rar",
        "application/x-rar", "application/x-rar-compressed", "application/x-bzip2", "application/x-bzip",
        "application/x-xz", "application/zstd", "application/java-archive",
    ]
    return types.contains { $0.utf8.elementsEqual(type.utf8) }
}

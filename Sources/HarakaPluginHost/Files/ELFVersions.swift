// Symbol versions: which GLIBC_2.34 an expected symbol means.

/// The versions that a file needs of its libraries (DT_VERNEED), and which symbol needs which (DT_VERSYM).
struct ELFVersions {
    /// Version indexes have 15 bits, so no honest file has more; and chains may cross in a dishonest one.
    private static let limit = 32_768

    /// The names of the versions, by the index that DT_VERSYM uses.
    private var names: [UInt16: String] = [:]
    /// DT_VERSYM: 16 bits for each symbol, in their order.
    private let indexes: ELFBytes?
    /// Counted over all libraries.
    private var entriesRead = 0

    init(_ dynamic: ELFDynamic, strings: inout ELFStrings) throws(ELFError) {
        indexes = try dynamic.bytes(ELFDynamic.Tag.versionIndexes, "its symbol versions")
        guard let table = try dynamic.bytes(ELFDynamic.Tag.versionsNeeded, "its needed versions") else { return }
        var offset: UInt64 = 0
        // A record per library: version, count, file, offset of its first entry, offset of the next record.
        while let record = table.slice(offset, 16), let first = record.u32(8), let next = record.u32(12) {
            try readEntries(table, from: offset &+ UInt64(first), &strings)
            if next == 0 { return }
            offset &+= UInt64(next)
        }
        throw Self.damaged
    }

    /// The version that the symbol with this index asks for; nil if any will do.
    func name(ofSymbol index: UInt64) -> String? {
        guard let indexes, let version = indexes.u16(index &* 2) else { return nil }
        // The high bit says that the version is hidden, which concerns the linker only.
        return names[version & 0x7fff]
    }

    private static var damaged: ELFError { .malformed("its list of needed versions is damaged") }

    /// An entry per version: hash, flags, index, name, offset of the next entry.
    private mutating func readEntries(
        _ table: ELFBytes, from start: UInt64, _ strings: inout ELFStrings
    ) throws(ELFError) {
        var offset = start
        while let entry = table.slice(offset, 16), let index = entry.u16(6), let name = entry.u32(8),
            let next = entry.u32(12)
        {
            entriesRead &+= 1
            guard entriesRead <= Self.limit else { throw Self.damaged }
            names[index & 0x7fff] = try strings.text(at: UInt64(name))
            if next == 0 { return }
            offset &+= UInt64(next)
        }
        throw Self.damaged
    }
}

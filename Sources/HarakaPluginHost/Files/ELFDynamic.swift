// The dynamic segment: what the loader is told about libraries, symbols, search paths and flags.

/// The entries of PT_DYNAMIC that matter to a host. Of a repeated entry the last one counts, as for the loader.
struct ELFDynamic {
    /// The tags that are read (d_tag).
    enum Tag {
        static let end: UInt64 = 0
        static let needed: UInt64 = 1
        static let pltRelocationsSize: UInt64 = 2
        static let hash: UInt64 = 4
        static let strings: UInt64 = 5
        static let symbols: UInt64 = 6
        static let relocations: UInt64 = 7
        static let relocationsSize: UInt64 = 8
        static let stringsSize: UInt64 = 10
        static let symbolSize: UInt64 = 11
        static let soname: UInt64 = 14
        static let rpath: UInt64 = 15
        static let textRelocations: UInt64 = 22
        static let pltRelocations: UInt64 = 23
        static let runpath: UInt64 = 29
        static let flags: UInt64 = 30
        static let gnuHash: UInt64 = 0x6fff_fef5
        static let versionIndexes: UInt64 = 0x6fff_fff0
        static let flags1: UInt64 = 0x6fff_fffb
        static let versionsNeeded: UInt64 = 0x6fff_fffe
    }

    /// DF_1_NODELETE: never unmapped. DF_1_PIE: an executable that only looks like a shared library.
    private static let noDelete: UInt64 = 0x8
    private static let positionIndependentExecutable: UInt64 = 0x0800_0000
    /// DF_TEXTREL in DT_FLAGS.
    private static let textRelocationFlag: UInt64 = 0x4
    /// Entries that are kept. Real files have a few dozen, plus one for each library they need.
    private static let limit = 65_536

    /// The last value of each tag: a number, or an address.
    private var values: [UInt64: UInt64] = [:]
    /// DT_NEEDED, the one tag that is meant to be repeated: offsets into the string table.
    private var neededOffsets: [UInt64] = []
    private let segments: ELFSegments

    init(_ segments: ELFSegments) throws(ELFError) {
        self.segments = segments
        try readEntries()
        // dlopen refuses these with words that would not help anybody.
        if (self[Tag.flags1] ?? 0) & Self.positionIndependentExecutable != 0 {
            throw .notSharedLibrary(kind: "an executable")
        }
    }

    /// The value of an entry, if there is one.
    subscript(_ tag: UInt64) -> UInt64? { values[tag] }

    /// The bytes that an entry with an address points to, up to the end of their segment; nil if it has no entry.
    func bytes(_ tag: UInt64, _ what: String) throws(ELFError) -> ELFBytes? {
        guard let address = values[tag] else { return nil }
        guard let bytes = segments.bytes(at: address) else { throw .malformed("\(what) lie outside its segments") }
        return bytes
    }

    /// The string table of the dynamic symbols, as long as the file says it is.
    func strings() throws(ELFError) -> ELFStrings {
        guard let bytes = try bytes(Tag.strings, "its symbol names"), let size = self[Tag.stringsSize],
            let table = bytes.slice(0, size)
        else { throw .malformed("it has no complete table of symbol names") }
        return ELFStrings(table, what: "its symbol names")
    }

    /// The libraries in DT_NEEDED, in load order.
    func needed(_ strings: inout ELFStrings) throws(ELFError) -> [String] {
        var names: [String] = []
        for offset in neededOffsets { names.append(try strings.text(at: offset)) }
        return names
    }

    /// The text of an entry whose value is an offset into the string table, if there is such an entry.
    func text(_ tag: UInt64, _ strings: inout ELFStrings) throws(ELFError) -> String? {
        guard let offset = values[tag] else { return nil }
        return try strings.text(at: offset)
    }

    /// Whether the loader would have to write into code. The flag is the newer of the two ways to say so.
    var hasTextRelocations: Bool {
        values[Tag.textRelocations] != nil || (values[Tag.flags] ?? 0) & Self.textRelocationFlag != 0
    }

    /// Whether dlclose would leave the library where it is.
    var isNeverUnmapped: Bool { (values[Tag.flags1] ?? 0) & Self.noDelete != 0 }

    /// Reads up to DT_NULL. The bytes are found by their address, as the loader finds them, and not by p_offset.
    private mutating func readEntries() throws(ELFError) {
        let segment = segments.dynamic
        guard let table = segments.bytes(at: segment.address)?.slice(0, segment.fileSize) else {
            throw .malformed("its dynamic segment is not loaded")
        }
        var index: UInt64 = 0
        while let entry = table.record(index, size: 16), let tag = entry.u64(0), let value = entry.u64(8) {
            if tag == Tag.end { return }
            if tag == Tag.needed { neededOffsets.append(value) } else { values[tag] = value }
            index &+= 1
            guard index < Self.limit else { throw .malformed("its dynamic segment has too many entries") }
        }
        throw .malformed("its dynamic segment has no end")
    }
}

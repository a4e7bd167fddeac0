// The section headers: names for people and for the unload verdict. The loader never looks at them.

/// One section header, with its name.
struct ELFSection {
    /// The types that matter here (sh_type).
    enum Kind {
        static let note: UInt32 = 7
        static let dynamicSymbols: UInt32 = 11
    }

    let name: String
    let type: UInt32
    /// Where it will be in memory (sh_addr); 0 if it is not loaded.
    let address: UInt64
    /// Where its bytes are in the file (sh_offset, sh_size): unchecked, as few sections are ever looked into.
    let offset: UInt64
    let size: UInt64
    let alignment: UInt64
}

/// The section headers of a file. Having none is legal: stripping tools may remove the table.
struct ELFSections {
    /// Nil when the file has no section headers.
    let all: [ELFSection]?

    init(_ file: ELFBytes, _ header: ELFHeader) throws(ELFError) {
        guard header.sectionOffset != 0 else {
            all = nil
            return
        }
        // Section 0 stands in for numbers that do not fit into the header (sh_size, sh_link).
        guard let first = file.slice(header.sectionOffset, ELFHeader.sectionSize),
            let extendedCount = first.u64(32), let extendedIndex = first.u32(40)
        else { throw .outside("its section headers", header.sectionOffset, ELFHeader.sectionSize, file) }
        let count = header.sectionCount == 0 ? extendedCount : header.sectionCount
        let names = header.sectionNamesIndex == 0xffff ? extendedIndex : header.sectionNamesIndex
        let (size, overflow) = count.multipliedReportingOverflow(by: ELFHeader.sectionSize)
        guard !overflow, let table = file.slice(header.sectionOffset, size) else {
            throw .outside("its section headers", header.sectionOffset, overflow ? .max : size, file)
        }
        all = try Self.named(table, count, try Self.nameTable(file, table, names))
    }

    /// The strings that sh_name points into; an index of 0 means that sections have no names.
    private static func nameTable(
        _ file: ELFBytes, _ table: ELFBytes, _ index: UInt32
    ) throws(ELFError) -> ELFStrings? {
        guard index != 0 else { return nil }
        guard let record = table.record(UInt64(index), size: ELFHeader.sectionSize),
            let offset = record.u64(24), let size = record.u64(32)
        else { throw .malformed("its section names are in a section that does not exist") }
        guard let bytes = file.slice(offset, size) else { throw .outside("its section names", offset, size, file) }
        return ELFStrings(bytes, what: "its section names")
    }

    /// Every section but number 0, which is reserved and has no name.
    private static func named(
        _ table: ELFBytes, _ count: UInt64, _ names: ELFStrings?
    ) throws(ELFError) -> [ELFSection] {
        var names = names
        var sections: [ELFSection] = []
        // sh_name, sh_type, sh_addr, sh_offset, sh_size, sh_addralign.
        for index in 1..<max(1, count) {
            guard let record = table.record(index, size: ELFHeader.sectionSize), let name = record.u32(0),
                let type = record.u32(4), let address = record.u64(16), let offset = record.u64(24),
                let size = record.u64(32), let alignment = record.u64(48)
            else { break }
            let text = try names?.text(at: UInt64(name)) ?? ""
            sections.append(
                ELFSection(
                    name: text, type: type, address: address, offset: offset, size: size, alignment: alignment))
        }
        return sections
    }
}

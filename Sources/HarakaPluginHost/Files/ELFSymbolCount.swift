// How many dynamic symbols a file has: no field says so, and the section headers may be gone.

/// Finds the number of entries in the dynamic symbol table.
///
/// DT_HASH states it. DT_GNU_HASH gives the last symbol that can be found by name; where nothing is exported, it
/// covers none of the undefined symbols. For those the section headers are asked, and in a file without them the
/// relocations, which name each symbol that the loader will have to resolve.
struct ELFSymbolCount {
    let dynamic: ELFDynamic
    let sections: ELFSections

    /// The number of symbols, entry 0 included.
    func value() throws(ELFError) -> UInt64 {
        let hashed = try fromHash()
        let gnu = try fromGNUHash()
        let listed = fromSections()
        guard hashed != nil || gnu != nil || listed != nil else {
            throw .malformed("it has no symbol hash table, so nothing in it can be found by name")
        }
        // Each source is a lower bound, and the table itself is checked against the file's length later.
        let known = max(hashed ?? 0, max(gnu ?? 0, listed ?? 0))
        guard hashed == nil, listed == nil else { return known }
        return max(known, try fromRelocations())
    }

    /// DT_HASH: nbucket, nchain; there are as many chain entries as symbols.
    private func fromHash() throws(ELFError) -> UInt64? {
        guard let table = try dynamic.bytes(ELFDynamic.Tag.hash, "its hash table") else { return nil }
        guard let count = table.u32(4) else { throw .malformed("its hash table is cut off") }
        return UInt64(count)
    }

    /// DT_GNU_HASH: nbuckets, symoffset, bloom size, bloom shift, the bloom words, the buckets, the chains. The chain
    /// of the highest bucket ends (lowest bit set) at the last symbol.
    private func fromGNUHash() throws(ELFError) -> UInt64? {
        guard let table = try dynamic.bytes(ELFDynamic.Tag.gnuHash, "its GNU hash table") else { return nil }
        let cutOff = ELFError.malformed("its GNU hash table is cut off")
        guard let bucketCount = table.u32(0), let firstSymbol = table.u32(4), let bloomSize = table.u32(8),
            let buckets = table.slice(16 &+ UInt64(bloomSize) &* 8, UInt64(bucketCount) &* 4),
            let chains = table.suffix(16 &+ UInt64(bloomSize) &* 8 &+ UInt64(bucketCount) &* 4)
        else { throw cutOff }
        // A bucket holds the first symbol of its chain, and 0 when it is empty.
        var last: UInt32 = 0
        var index: UInt64 = 0
        while let bucket = buckets.u32(index &* 4) {
            last = max(last, bucket)
            index &+= 1
        }
        guard last >= firstSymbol, last > 0 else { return UInt64(firstSymbol) }
        var symbol = UInt64(last)
        while let word = chains.u32((symbol &- UInt64(firstSymbol)) &* 4) {
            symbol &+= 1
            if word & 1 == 1 { return symbol }
        }
        throw cutOff
    }

    /// The size of the .dynsym section, if it describes the table that the loader will use.
    private func fromSections() -> UInt64? {
        let section = sections.all?.first { $0.type == ELFSection.Kind.dynamicSymbols }
        guard let section, section.address == dynamic[ELFDynamic.Tag.symbols] else { return nil }
        return section.size / ELFSymbolTable.entrySize
    }

    /// One more than the highest symbol that a relocation names.
    private func fromRelocations() throws(ELFError) -> UInt64 {
        var highest: UInt64 = 0
        for (start, size) in [
            (ELFDynamic.Tag.relocations, ELFDynamic.Tag.relocationsSize),
            (ELFDynamic.Tag.pltRelocations, ELFDynamic.Tag.pltRelocationsSize),
        ] {
            guard let table = try dynamic.bytes(start, "its relocations") else { continue }
            guard let entries = table.slice(0, dynamic[size] ?? 0) else {
                throw .malformed("its relocations are cut off")
            }
            // Elf64_Rela: offset, info (the symbol in the upper half), addend.
            var index: UInt64 = 0
            while let info = entries.record(index, size: 24)?.u64(8) {
                highest = max(highest, info >> 32)
                index &+= 1
            }
        }
        return highest &+ 1
    }
}

// The dynamic symbols: what a plugin offers by name, and what it expects from others.

/// A symbol that a shared library offers by name.
public struct ELFExport: Equatable, Sendable {
    /// What the symbol stands for, as far as a host cares.
    public enum Kind: Equatable, Sendable {
        /// Code, resolved directly or through an indirect function.
        case function
        /// Data, thread-local data included.
        case object
        /// A name without a type, as hand-written assembly has.
        case other
    }

    /// The name, as in the file (a C++ or Swift name is mangled).
    public let name: String
    public let kind: Kind
    /// The address, counted from where the library is loaded.
    public let value: UInt64
    /// Bytes; 0 if the file does not say.
    public let size: UInt64
    /// Weak rather than global.
    public let isWeak: Bool
}

/// A symbol that a shared library expects from another one.
public struct ELFImport: Equatable, Sendable {
    /// The name, without its version.
    public let name: String
    /// The version that is asked for, as in "GLIBC_2.34".
    public let version: String?
    /// The library loads without it, and sees a null address.
    public let isWeak: Bool
}

/// The dynamic symbol table, sorted into what is exported and what is expected.
struct ELFSymbolTable {
    /// Bytes in one symbol.
    static let entrySize: UInt64 = 24

    private(set) var exports: [ELFExport] = []
    private(set) var imports: [ELFImport] = []
    /// Names bound once for the whole process (STB_GNU_UNIQUE): the loader never unmaps a library that has one.
    private(set) var unique: [String] = []

    /// - Parameters:
    ///   - count: the number of symbols, from ``ELFSymbolCount``.
    ///   - strings: the dynamic string table, whose budget the names are counted against.
    init(_ dynamic: ELFDynamic, count: UInt64, strings: inout ELFStrings) throws(ELFError) {
        guard dynamic[ELFDynamic.Tag.symbolSize] ?? Self.entrySize == Self.entrySize else {
            throw .malformed("its symbols have an unknown size")
        }
        let (size, overflow) = count.multipliedReportingOverflow(by: Self.entrySize)
        guard !overflow, let table = try dynamic.bytes(ELFDynamic.Tag.symbols, "its symbols")?.slice(0, size) else {
            throw .malformed("its symbol table is cut off")
        }
        let versions = try ELFVersions(dynamic, strings: &strings)
        // Symbol 0 is reserved.
        for index in 1..<max(1, count) {
            guard let symbol = table.record(index, size: Self.entrySize) else { break }
            try add(symbol, version: versions.name(ofSymbol: index), &strings)
        }
    }

    private mutating func add(
        _ symbol: ELFBytes, version: String?, _ strings: inout ELFStrings
    ) throws(ELFError) {
        guard let name = symbol.u32(0), let info = symbol.load(UInt8.self, at: 4),
            let other = symbol.load(UInt8.self, at: 5), let section = symbol.u16(6),
            let value = symbol.u64(8), let size = symbol.u64(16)
        else { return }
        let binding = info >> 4
        // 1 global, 2 weak, 10 unique: local symbols bind nothing.
        guard [1, 2, 10].contains(binding) else { return }
        let text = try strings.text(at: UInt64(name))
        if section == 0 {
            imports.append(ELFImport(name: text, version: version, isWeak: binding == 2))
            return
        }
        if binding == 10 { unique.append(text) }
        // The loader skips hidden (2) and internal (1) symbols when it looks for a name.
        guard other & 3 == 0 || other & 3 == 3 else { return }
        exports.append(
            ELFExport(name: text, kind: Self.kind(info & 0xf), value: value, size: size, isWeak: binding == 2))
    }

    private static func kind(_ type: UInt8) -> ELFExport.Kind {
        switch type {
        case 2, 10: .function
        case 1, 5, 6: .object
        default: .other
        }
    }
}

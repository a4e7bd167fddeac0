// Reading a shared library without running it: the whole of what the host wants to know before it maps a byte.

/// What a shared library for this machine says about itself.
///
/// A value made of copies: it lives as long as it is wanted, also when the file is gone.
public struct ELFSummary: Equatable, Sendable {
    /// What may be wrong with a library although it is well formed.
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// DT_TEXTREL: the loader must write into code.
        public static let textRelocations = Flags(rawValue: 1)
        /// PT_GNU_STACK asks for an executable stack, or is missing, which means the same.
        public static let executableStack = Flags(rawValue: 2)
        /// DF_1_NODELETE: the library stays mapped for ever.
        public static let noDelete = Flags(rawValue: 4)
    }

    /// The machine that it was built for: this host's.
    public let machine: ELFMachine
    /// What it says in its plugin note.
    public let note: PluginNoteState
    /// The defined, visible symbols of the dynamic symbol table, in its order.
    public let exports: [ELFExport]
    /// The undefined symbols of the dynamic symbol table, in its order.
    public let imports: [ELFImport]
    /// STB_GNU_UNIQUE symbols, which keep a library mapped.
    public let uniqueSymbols: [String]
    /// DT_NEEDED: the libraries that are loaded along with it.
    public let needed: [String]
    /// DT_SONAME.
    public let soname: String?
    /// DT_RUNPATH: where those libraries are looked for, colon-separated.
    public let runpath: String?
    /// DT_RPATH: the same, older.
    public let rpath: String?
    public let flags: Flags
    /// The names of the sections, in order; nil if the file was stripped of its section headers.
    public let sections: [String]?
    /// The addresses that hold code, counted like ``ELFExport/value``.
    public let executableRanges: [Range<UInt64>]
    /// How many bytes of address space it takes, from the page of its first segment to the end of its last.
    public let mappedSize: UInt64

    /// The exported symbol of this name. Looks through all of them: meant for a question or two at load.
    public func export(named name: String) -> ELFExport? {
        exports.first { $0.name == name }
    }
}

/// A reader of ELF shared libraries.
///
/// Pure: it takes bytes and returns values. Whatever the bytes are, it ends soon, holds at most
/// 128 MiB of names, and never traps.
public enum ELFImage {
    /// Reads a whole file.
    ///
    /// - Parameter bytes: the file, all of it; not kept.
    /// - Returns: what the library says about itself. A missing or broken plugin note is part of it, not an error.
    /// - Throws: the first reason why this is no shared library that this host could load.
    public static func read(_ bytes: UnsafeRawBufferPointer) throws(ELFError) -> ELFSummary {
        try read(bytes, for: .host)
    }

    /// As ``read(_:)-(UnsafeRawBufferPointer)``, for bytes in an array.
    public static func read(_ bytes: [UInt8]) throws(ELFError) -> ELFSummary {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(ELFError) in try read(buffer) }
        }
        return try result.get()
    }

    /// The reader itself; the machine is a parameter so that both can be tested on either.
    static func read(_ bytes: UnsafeRawBufferPointer, for machine: ELFMachine) throws(ELFError) -> ELFSummary {
        let file = ELFBytes(bytes)
        let header = try ELFHeader(file, machine: machine)
        let segments = try ELFSegments(file, header)
        let sections = try ELFSections(file, header)
        let dynamic = try ELFDynamic(segments)
        var strings = try dynamic.strings()
        let count = try ELFSymbolCount(dynamic: dynamic, sections: sections).value()
        let symbols = try ELFSymbolTable(dynamic, count: count, strings: &strings)
        return ELFSummary(
            machine: machine,
            note: ELFNotes.find(file, segments, sections),
            exports: symbols.exports,
            imports: symbols.imports,
            uniqueSymbols: symbols.unique,
            needed: try dynamic.needed(&strings),
            soname: try dynamic.text(ELFDynamic.Tag.soname, &strings),
            runpath: try dynamic.text(ELFDynamic.Tag.runpath, &strings),
            rpath: try dynamic.text(ELFDynamic.Tag.rpath, &strings),
            flags: flags(segments, dynamic),
            sections: sections.all?.map(\.name),
            executableRanges: segments.executableRanges,
            mappedSize: segments.mappedSize)
    }

    private static func flags(_ segments: ELFSegments, _ dynamic: ELFDynamic) -> ELFSummary.Flags {
        var flags: ELFSummary.Flags = []
        if dynamic.hasTextRelocations { flags.insert(.textRelocations) }
        if segments.wantsExecutableStack { flags.insert(.executableStack) }
        if dynamic.isNeverUnmapped { flags.insert(.noDelete) }
        return flags
    }
}

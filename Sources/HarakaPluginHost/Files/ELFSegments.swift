// The program headers: what the dynamic loader maps, and how its addresses lead back to bytes of the file.

/// One program header.
struct ELFSegment {
    /// The types that matter here (p_type).
    enum Kind {
        static let load: UInt32 = 1
        static let dynamic: UInt32 = 2
        static let note: UInt32 = 4
        static let gnuStack: UInt32 = 0x6474_e551
    }

    let type: UInt32
    let isExecutable: Bool
    /// Where its bytes are in the file (p_offset), and how many of them (p_filesz).
    let offset: UInt64
    let fileSize: UInt64
    /// Where they will be in memory, counted from the base address (p_vaddr), and with how much zeroed room (p_memsz).
    let address: UInt64
    let memorySize: UInt64
    let alignment: UInt64

    /// Reads p_type, p_flags, p_offset, p_vaddr, p_filesz, p_memsz and p_align (p_paddr means nothing here).
    fileprivate init?(_ record: ELFBytes) {
        guard let type = record.u32(0), let flags = record.u32(4), let offset = record.u64(8),
            let address = record.u64(16), let fileSize = record.u64(32), let memorySize = record.u64(40),
            let alignment = record.u64(48)
        else { return nil }
        self.type = type
        self.isExecutable = flags & 1 != 0
        self.offset = offset
        self.address = address
        self.fileSize = fileSize
        self.memorySize = memorySize
        self.alignment = alignment
    }
}

/// The program headers of a file, checked: all their bytes exist, and the loaded ones stand in order and apart.
///
/// Everything that decides about a plugin is read through here and not through the section headers: the loader
/// uses the program headers alone, so what is checked is what will run.
struct ELFSegments {
    private let file: ELFBytes
    /// PT_LOAD, by ascending address.
    private let loads: [ELFSegment]
    /// PT_DYNAMIC: exactly one.
    let dynamic: ELFSegment
    /// PT_NOTE, in the order of the file.
    let notes: [ELFSegment]
    /// True when the loader would make the stacks of the whole process executable: asked for, or not declined.
    let wantsExecutableStack: Bool

    init(_ file: ELFBytes, _ header: ELFHeader) throws(ELFError) {
        let all = try Self.table(file, header)
        for segment in all { try Self.check(segment, file) }
        let loads = all.filter { $0.type == ELFSegment.Kind.load }
        try Self.checkOrder(loads)
        let dynamics = all.filter { $0.type == ELFSegment.Kind.dynamic }
        guard let dynamic = dynamics.first, dynamics.count == 1 else {
            throw .malformed("it has \(dynamics.count) dynamic segments, where a shared library has one")
        }
        let stacks = all.filter { $0.type == ELFSegment.Kind.gnuStack }
        self.file = file
        self.loads = loads
        self.dynamic = dynamic
        self.notes = all.filter { $0.type == ELFSegment.Kind.note }
        self.wantsExecutableStack = stacks.isEmpty || stacks.contains { $0.isExecutable }
    }

    /// The addresses that hold code.
    var executableRanges: [Range<UInt64>] {
        loads.filter(\.isExecutable).map { $0.address..<($0.address &+ $0.memorySize) }
    }

    /// What the loader reserves: from the first segment, rounded down to a page, to the end of the last.
    var mappedSize: UInt64 {
        guard let first = loads.first, let last = loads.last else { return 0 }
        return last.address &+ last.memorySize &- (first.address & ~UInt64(4095))
    }

    /// The file's bytes that will be at `address`, up to the end of their segment; nil where nothing of the file is.
    func bytes(at address: UInt64) -> ELFBytes? {
        for segment in loads where address >= segment.address {
            let distance = address &- segment.address
            guard distance < segment.fileSize else { continue }
            return file.slice(segment.offset, segment.fileSize)?.suffix(distance)
        }
        return nil
    }

    /// All program headers. Their number has 16 bits, so the product can't overflow.
    private static func table(_ file: ELFBytes, _ header: ELFHeader) throws(ELFError) -> [ELFSegment] {
        guard header.segmentCount > 0 else { throw .malformed("it has no program headers") }
        guard header.segmentOffset >= ELFHeader.size else { throw .malformed("its program headers overlap its header") }
        let size = header.segmentCount &* ELFHeader.segmentSize
        guard let bytes = file.slice(header.segmentOffset, size) else {
            throw .outside("its program headers", header.segmentOffset, size, file)
        }
        return (0..<header.segmentCount).compactMap { index in
            bytes.record(index, size: ELFHeader.segmentSize).flatMap { ELFSegment($0) }
        }
    }

    /// Of the types that are read here, or mapped, every byte must exist: to touch a mapped page past the end of the
    /// file is SIGBUS. Other types may hold anything.
    private static func check(_ segment: ELFSegment, _ file: ELFBytes) throws(ELFError) {
        let usesFile = [ELFSegment.Kind.load, ELFSegment.Kind.dynamic, ELFSegment.Kind.note].contains(segment.type)
        guard usesFile else { return }
        guard file.slice(segment.offset, segment.fileSize) != nil else {
            throw .outside("one of its segments", segment.offset, segment.fileSize, file)
        }
        guard segment.type == ELFSegment.Kind.load else { return }
        let overflows = segment.address.addingReportingOverflow(segment.memorySize).overflow
        guard !overflows, segment.fileSize <= segment.memorySize else {
            throw .malformed("a segment does not fit into memory")
        }
    }

    /// The loader maps in order with MAP_FIXED: of two overlapping segments the later wins, and a reader is fooled.
    private static func checkOrder(_ loads: [ELFSegment]) throws(ELFError) {
        var end: UInt64 = 0
        for segment in loads {
            guard segment.address >= end else { throw .malformed("its segments overlap or are out of order") }
            end = segment.address &+ segment.memorySize
        }
    }
}

extension ELFError {
    /// The error for `length` bytes at `offset` that are not all in the file.
    static func outside(_ what: String, _ offset: UInt64, _ length: UInt64, _ file: ELFBytes) -> ELFError {
        let (end, overflow) = offset.addingReportingOverflow(length)
        guard !overflow else { return .malformed("\(what) would end beyond any file") }
        return .truncated(what: what, end: end, size: file.count)
    }
}

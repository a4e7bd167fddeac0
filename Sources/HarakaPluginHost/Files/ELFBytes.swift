// A bounds-checked window on the bytes of an ELF file: every number and name of the file is read through it.

/// A window on bytes, read in little endian, that answers nil where a read would leave it.
///
/// Offsets are counted from the window's start and come from the file, so they may be anything. The window
/// borrows: it must not outlive the closure or mapping that gave the bytes.
struct ELFBytes {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The number of bytes in the window.
    var count: UInt64 { UInt64(bytes.count) }

    /// The whole window, for readers that do their own checking.
    var raw: UnsafeRawBufferPointer { bytes }

    /// The number at `offset`, at any alignment; nil where it would not lie wholly inside.
    func load<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type, at offset: UInt64) -> Number? {
        guard let start = Int(exactly: offset), bytes.count >= MemoryLayout<Number>.size,
            start <= bytes.count &- MemoryLayout<Number>.size
        else { return nil }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: Number.self))
    }

    func u16(_ offset: UInt64) -> UInt16? { load(UInt16.self, at: offset) }
    func u32(_ offset: UInt64) -> UInt32? { load(UInt32.self, at: offset) }
    func u64(_ offset: UInt64) -> UInt64? { load(UInt64.self, at: offset) }

    /// The `length` bytes at `offset`; nil unless all of them lie inside.
    func slice(_ offset: UInt64, _ length: UInt64) -> ELFBytes? {
        guard offset <= count, length <= count &- offset,
            let start = Int(exactly: offset), let size = Int(exactly: length)
        else { return nil }
        return ELFBytes(UnsafeRawBufferPointer(rebasing: bytes[start..<(start &+ size)]))
    }

    /// Everything from `offset` on; nil when that is past the end.
    func suffix(_ offset: UInt64) -> ELFBytes? {
        offset <= count ? slice(offset, count &- offset) : nil
    }

    /// Record number `index` of a table of records of `size` bytes that begins where the window begins.
    func record(_ index: UInt64, size: UInt64) -> ELFBytes? {
        let (offset, overflow) = index.multipliedReportingOverflow(by: size)
        return overflow ? nil : slice(offset, size)
    }
}

/// A string table, with a budget: names may overlap in the table, so that a small file could ask for gigabytes of text.
struct ELFStrings {
    /// Bytes of text that one file may make the host copy (a large C++ library has a tenth of it).
    static let budget = 64 << 20

    private let table: ELFBytes
    private let what: String
    private var remaining = budget

    /// - Parameter what: how an error calls the table, as in "its section names".
    init(_ table: ELFBytes, what: String) {
        self.table = table
        self.what = what
    }

    /// The NUL-terminated text at `offset`. Bytes that are not UTF-8 become U+FFFD: names are only compared and shown.
    mutating func text(at offset: UInt64) throws(ELFError) -> String {
        guard let tail = table.suffix(offset)?.raw.prefix(remaining) else {
            throw .malformed("\(what) point past the end of their table")
        }
        guard let end = tail.firstIndex(of: 0) else {
            throw .malformed("\(what) do not end inside their table, or hold more than \(Self.budget >> 20) MiB")
        }
        remaining &-= end &- tail.startIndex
        return String(decoding: tail[..<end], as: UTF8.self)
    }
}

// Addresses of a dead process as text: proc(5)'s memory map, which the process saved, says what was where.

import CHarakaFault

/// The backtrace of a record, with names for its addresses.
struct Backtrace {
    let lines: [String]

    /// - Parameter symbol: the name for an address inside a plugin's file.
    init(_ page: UnsafePointer<haraka_fault_page>, _ symbol: (String, UInt64) -> String?) {
        let map = MemoryMap(Self.savedMap(page))
        let count = min(page.pointee.record.count, UInt32(HARAKA_FAULT_ADDRESSES))
        lines = (0..<count).map { index in
            let address = haraka_fault_address(page, index)
            return "#\(index) " + Self.text(address, isCaller: index > 0, page, map, symbol)
        }
    }

    private static func savedMap(_ page: UnsafePointer<haraka_fault_page>) -> String {
        var size: UInt32 = 0
        guard let start = haraka_fault_maps(page, &size) else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: start, count: Int(size)), as: UTF8.self)
    }

    private static func text(
        _ address: UInt64, isCaller: Bool, _ page: UnsafePointer<haraka_fault_page>, _ map: MemoryMap,
        _ symbol: (String, UInt64) -> String?
    ) -> String {
        // A return address is behind its call, which may have been the last thing in its function.
        let code = isCaller ? address &- 1 : address
        guard let place = map.place(of: code) else { return "0x\(String(address, radix: 16))" }
        let offset = place.offset &+ (address &- code)
        let index = haraka_fault_plugin_at(page, UnsafeRawPointer(bitPattern: UInt(truncatingIfNeeded: code)))
        guard let plugin = haraka_fault_plugin_entry(page, index).flatMap({ FaultText.read($0.pointee.name) }) else {
            return "\(place.file)+0x\(String(offset, radix: 16))"
        }
        let name = symbol(plugin, place.offset).map { " \($0)" } ?? ""
        return "\(plugin)+0x\(String(offset, radix: 16))\(name)"
    }
}

/// The lines of /proc/PID/maps that say where files are.
struct MemoryMap {
    private struct Line {
        var start: UInt64
        var end: UInt64
        var offset: UInt64
        var isExecutable: Bool
        /// Device and inode.
        var identity: Substring
        /// Empty: memory without file.
        var path: String
    }
    private let lines: [Line]

    /// Lines that are not as the kernel writes them are left out.
    init(_ text: String) {
        lines = text.split(separator: "\n").compactMap { Self.line($0) }
    }

    /// The file that was mapped there, and the address counted from where the file begins in memory: what addr2line(1)
    /// and symbol tables of libraries mean by an address. nil: nothing is known to have been there.
    func place(of address: UInt64) -> (file: String, offset: UInt64)? {
        guard let line = lines.last(where: { $0.start <= address && address < $0.end && $0.isExecutable }) else {
            return nil
        }
        guard !line.path.isEmpty else { return nil }
        // A file may be mapped more than once, and several memory files may have one name.
        let beginning = lines.last {
            $0.offset == 0 && $0.start <= line.start && $0.identity == line.identity && $0.path == line.path
        }
        return (Self.shown(line.path), address &- (beginning?.start ?? line.start &- line.offset))
    }

    /// `START-END PERMS OFFSET DEVICE INODE   PATH`
    private static func line(_ text: Substring) -> Line? {
        let fields = text.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
        guard fields.count >= 5, let dash = fields[0].firstIndex(of: "-"),
            let start = UInt64(fields[0][..<dash], radix: 16),
            let end = UInt64(fields[0][fields[0].index(after: dash)...], radix: 16),
            let offset = UInt64(fields[2], radix: 16)
        else { return nil }
        let path = fields.count > 5 ? String(fields[5].drop { $0 == " " }) : ""
        return Line(
            start: start, end: end, offset: offset, isExecutable: fields[1].contains("x"),
            identity: text[fields[3].startIndex..<fields[4].endIndex], path: path)
    }

    /// `/memfd:NAME (deleted)` is a memory file with that name; other files may have been deleted since.
    private static func shown(_ path: String) -> String {
        let memory = "/memfd:"
        let deleted = " (deleted)"
        let name = path.hasSuffix(deleted) ? path.dropLast(deleted.count) : path[...]
        let isMemory = name.hasPrefix(memory)
        return FaultText.read(isMemory ? name.dropFirst(memory.count) : name)
    }
}

extension FaultText {
    fileprivate static func read(_ text: Substring) -> String {
        var text = text
        return text.withUTF8 { read(UnsafeRawBufferPointer($0)) } ?? ""
    }
}

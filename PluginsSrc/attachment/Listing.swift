// The names in an archive, and in the archives in it.
import CArchive
import HarakaPluginKit

/// Lists archives. On a thread for slow things.
struct Listing {
    let limits: ListingLimits
    let budget: Budget
    /// `evil.exe`, `inner.zip/evil.exe`.
    private(set) var names: [String] = []

    init(_ limits: ListingLimits, _ budget: Budget) {
        self.limits = limits
        self.budget = budget
    }

    /// Adds all names in an attachment.
    mutating func list(_ blob: Blob, name: String) throws(Problem) {
        let locale = NameLocale()
        defer { extendLifetime(locale) }
        try look(blob, name, path: "", depth: 1)
    }

    /// `path`: what stands in front of the names.
    private mutating func look(_ blob: Blob, _ name: String, path: String, depth: Int) throws(Problem) {
        let known = try directory(blob, name, path)
        guard let reader = ArchiveReader(blob, budget) else { throw .unreadable(name, "not supported") }
        guard reader.open() else { throw failure(reader, name) }
        var (place, skipped) = (0, 0)
        while let entry = try next(reader, name) {
            budget.spend(entries: 1)
            try budget.check(name)
            defer { place += 1 }
            let inner = reader.isRaw ? unpackedName(name, limits.extensions) : try entryName(entry, name)
            if reader.isRaw, let stored = storedName(entry) { add(path + stored) }
            if place >= known.count || !known[place].utf8.elementsEqual(inner.utf8) { add(path + inner) }
            if archive_entry_is_encrypted(entry) != 0 {
                guard limits.allowsEncrypted else { throw .encrypted(path + inner) }
                continue
            }
            // To get at this one, all entries before it may be unpacked, too.
            if !reader.isCheapToOpen { skipped &+= Int(max(0, archive_entry_size(entry))) }
            if try descend(reader, path + inner, depth, skipped) { skipped = 0 }
            if reader.isCompressed, !reader.isRaw, !reader.pass(budget) { throw failure(reader, name) }
        }
    }

    /// The same for an attachment that still has to be read.
    mutating func list(_ stream: Stream, name: String) throws(Problem) {
        let blob = Blob()
        do throws(PluginError) {
            let isTooLarge = try stream.searchChunks { [limits, budget] bytes throws(PluginError) in
                guard budget.isLeft else { throw PluginError(budget.exceeded ?? "") }
                guard bytes.count <= limits.size - blob.count else { return true }
                try blob.append(bytes)
                return false
            }
            if isTooLarge { throw PluginError("", status: HARAKA_E_LIMIT) }
        } catch {
            throw error.status == HARAKA_E_LIMIT ? .tooLarge(name) : .unreadable(name, error.cause)
        }
        try list(blob, name: name)
    }

    private mutating func add(_ name: String) { names.append(keptName(name.utf8)) }

    /// Adds the names in an archive's own directory and returns them: libarchive mostly comes upon them in the same
    /// order.
    private mutating func directory(_ blob: Blob, _ name: String, _ path: String) throws(Problem) -> [String] {
        let start = blob.bytes(at: 0, 8)
        if isSevenZip(start) {
            let largest = limits.entries * 32 + 1024
            guard let size = sevenZipHeaderSize(blob, largest: largest) else { throw .unreadable(name, "bad header") }
            guard size <= largest else { throw .unreadable(name, "too many entries") }
        }
        let entries =
            mayBeZip(start)
            ? ZipDirectory(blob, limit: limits.entries)?.entries : RarDirectory(blob, limit: limits.entries)?.entries
        guard let entries else { return [] }
        guard entries.count <= limits.entries else { throw .unreadable(name, "too many entries") }
        for entry in entries {
            if entry.isEncrypted, !limits.allowsEncrypted { throw .encrypted(path + entry.name) }
            add(path + entry.name)
            if let other = entry.otherName { add(path + other) }
        }
        return entries.map { $0.name }
    }

    /// The next entry; nil at the end.
    private func next(_ reader: ArchiveReader, _ name: String) throws(Problem) -> OpaquePointer? {
        var entry: OpaquePointer?
        let status = archive_read_next_header(reader.handle, &entry)
        if status == ARCHIVE_EOF { return nil }
        if status >= ARCHIVE_WARN, let entry { return entry }
        try budget.check(name)
        guard reader.failedForEncryption else { throw .unreadable(name, reader.failure) }
        // Its names cannot be known; whoever allows encryption allows this.
        guard limits.allowsEncrypted else { throw .encrypted(name) }
        return nil
    }

    /// An archive in the archive is unpacked and listed; of anything else the name is enough. Whether it was read.
    private mutating func descend(
        _ reader: ArchiveReader, _ path: String, _ depth: Int, _ skipped: Int
    ) throws(Problem) -> Bool {
        let isNamed = hasExtension(tidied(path), limits.extensions)
        guard isNamed || limits.detects && reader.isCheapToOpen else { return false }
        budget.spend(bytes: skipped)
        try budget.check(path)
        var start = [UInt8](repeating: 0, count: signLength)
        let count = start.withUnsafeMutableBytes { reader.read(into: $0) }
        guard count > 0 else {
            // What is no archive and cannot be read is no harm; a broken archive shows at its next entry.
            if count < 0, isNamed { throw failure(reader, path) }
            return true
        }
        start.removeLast(signLength - count)
        guard isNamed || looksLikeArchive(start) else { return true }
        guard depth < limits.depth else { throw .tooDeep(path) }
        let inner = try unpack(reader, start, path)
        try look(inner, path, path: path + "/", depth: depth + 1)
        return true
    }

    private func failure(_ reader: ArchiveReader, _ path: String) -> Problem {
        .unreadable(path, budget.isLeft ? reader.failure : budget.exceeded ?? "")
    }

    /// All of an entry of which `start` was read.
    private func unpack(_ reader: ArchiveReader, _ start: [UInt8], _ path: String) throws(Problem) -> Blob {
        let blob = Blob(start)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = reader.read(into: buffer)
            guard count >= 0 else { throw failure(reader, path) }
            if count == 0 { return blob }
            budget.spend(bytes: count)
            try budget.check(path)
            guard blob.count <= limits.size - count else { throw .unreadable(path, "more than \(limits.size) bytes") }
            do throws(PluginError) { try blob.append(UnsafeRawBufferPointer(rebasing: buffer[..<count])) } catch {
                throw .unreadable(path, error.cause)
            }
        }
    }
}

/// The name of an entry: UTF-8 if libarchive knows how, else the bytes as they are.
private func entryName(_ entry: OpaquePointer, _ archive: String) throws(Problem) -> String {
    guard let name = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry) else {
        // A name that nobody can judge.
        throw .unreadable(archive, "a name that cannot be read")
    }
    return keptName(bytes(of: name))
}

/// A compressed file may bring its name along (RFC 1952 section 2.3); libarchive calls one without a name `data`.
private func storedName(_ entry: OpaquePointer) -> String? {
    guard let name = archive_entry_pathname(entry), !bytes(of: name).elementsEqual("data".utf8) else { return nil }
    return keptName(bytes(of: name))
}

/// A C string, without its end.
func bytes(of text: UnsafePointer<CChar>) -> UnsafeRawBufferPointer {
    var length = 0
    while text[length] != 0 { length += 1 }
    return UnsafeRawBufferPointer(start: text, count: length)
}

// Mails that end the process: noted while they are under way, so that one which does it again and again is set aside.

import Glibc

/// Remembers beyond the death of the process which mails were under way.
///
/// A mapped file holds their uuids: noting one costs no system call, and what is written there the system keeps however the
/// process ends. After a death all of them are suspect; suspects are then delivered a few at a time, in the end alone, so
/// that the next death accuses few, and at last one. Who has been there `limit` times is condemned. One thread.
public final class SuspectBook {
    private static let slots = 1024
    private static let slotSize = 64
    /// Suspects at the same time.
    private static let together = 8
    private let folder: String
    private let limit: Int
    private var map: UnsafeMutableRawPointer?
    private var free: [Int] = []
    /// Where a mail is noted, and how many of its parts are under way.
    private var noted: [String: (slot: Int, parts: Int)] = [:]
    /// How often each suspect was there.
    private var counts: [String: Int] = [:]

    private var activePath: String { "\(folder)/.active" }
    private var countsPath: String { "\(folder)/.suspects" }

    /// - Parameter limit: 0: nobody is ever condemned.
    public init(_ folder: String, limit: Int) {
        self.folder = folder
        self.limit = limit
    }

    deinit { unmap() }

    /// Draws the conclusions of the last death, if there was one. What cannot be read or written is left: the queue goes on
    /// without this care. Returns the suspects and how often each was there.
    @discardableResult
    public func open() -> [String: Int] {
        counts = readCounts()
        let accused = mapActive()
        guard !accused.isEmpty else { return counts }
        // Suspects go a few at a time: if some were among them, it is one of those.
        let known = accused.filter { counts[$0] != nil }
        for uuid in known.isEmpty ? accused : known { counts[uuid, default: 0] += 1 }
        writeCounts()
        return counts
    }

    public func isSuspect(_ uuid: String) -> Bool { counts[uuid] != nil }

    /// Whether it may be tried now. Who was there once goes with a few others, so that a thousand suspects do not take a
    /// thousand attempts one after the other; who was there twice goes without any other suspect. So nobody is condemned for
    /// another's deed.
    public func mayBegin(_ uuid: String) -> Bool {
        guard let count = counts[uuid], noted[uuid] == nil else { return true }
        let others = noted.keys.compactMap { counts[$0] }
        return count > 1 ? others.isEmpty : others.count < Self.together && !others.contains { $0 > 1 }
    }

    public func isCondemned(_ uuid: String) -> Bool { limit > 0 && (counts[uuid] ?? 0) >= limit }

    public func begins(_ uuid: String) {
        if let entry = noted[uuid] { return noted[uuid] = (entry.slot, entry.parts + 1) }
        // More than there are slots for: those are not noted.
        guard let map, uuid.utf8.count < Self.slotSize, let slot = free.popLast() else { return }
        noted[uuid] = (slot, 1)
        let place = map + slot * Self.slotSize
        for (index, byte) in uuid.utf8.enumerated() {
            place.storeBytes(of: byte, toByteOffset: index + 1, as: UInt8.self)
        }
        // Last: a note that is half written is none.
        place.storeBytes(of: UInt8(uuid.utf8.count), as: UInt8.self)
    }

    /// The attempt is over, and we are here.
    ///
    /// - Parameter forgives: it went all the way; else it was put back before anything could happen
    public func survived(_ uuid: String, forgives: Bool = true) {
        guard let entry = noted[uuid] else { return }
        if entry.parts > 1 { return noted[uuid] = (entry.slot, entry.parts - 1) }
        noted[uuid] = nil
        map?.storeBytes(of: 0, toByteOffset: entry.slot * Self.slotSize, as: UInt8.self)
        free.append(entry.slot)
        if forgives, counts[uuid] != nil { forget(uuid) }
    }

    public func forget(_ uuid: String) {
        guard counts.removeValue(forKey: uuid) != nil else { return }
        writeCounts()
    }

    /// The process ends in peace: nobody is suspect of it.
    public func close() {
        if let map { memset(map, 0, Self.slots * Self.slotSize) }
        unmap()
        noted = [:]
        free = []
    }

    private func unmap() {
        if let map { munmap(map, Self.slots * Self.slotSize) }
        map = nil
    }

    // MARK: files

    /// Maps the file and empties it. Returns who stood there.
    private func mapActive() -> [String] {
        let size = Self.slots * Self.slotSize
        let descriptor = Glibc.open(activePath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return [] }
        defer { Glibc.close(descriptor) }
        guard ftruncate(descriptor, off_t(size)) == 0, posix_fallocate(descriptor, 0, off_t(size)) == 0,
            let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), start != MAP_FAILED
        else { return [] }
        map = start
        free = Array((0..<Self.slots).reversed())
        let found = (0..<Self.slots).compactMap { slot -> String? in
            let place = start + slot * Self.slotSize
            let count = Int(place.load(as: UInt8.self))
            guard count > 0, count < Self.slotSize else { return nil }
            return String(decoding: UnsafeRawBufferPointer(start: place + 1, count: count), as: UTF8.self)
        }
        memset(start, 0, size)
        return found
    }

    private func readCounts() -> [String: Int] {
        guard let file = fopen(countsPath, "re") else { return [:] }
        defer { fclose(file) }
        var found: [String: Int] = [:]
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let words = text.split(separator: " ")
            if words.count == 2, let count = Int(words[0]), count > 0 { found[String(words[1])] = count }
        }
        return found
    }

    private func writeCounts() {
        guard !counts.isEmpty else { return _ = unlink(countsPath) }
        let temporary = countsPath + ".new"
        guard let file = fopen(temporary, "we") else { return }
        for (uuid, count) in counts.sorted(by: { $0.key < $1.key }) { fputs("\(count) \(uuid)\n", file) }
        let isWritten = fflush(file) == 0
        fclose(file)
        if isWritten { rename(temporary, countsPath) } else { unlink(temporary) }
    }
}

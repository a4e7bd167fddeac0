// Files of lines that grow while others read them.
import CHarakaPluginKit

extension Folder {
    /// Adds a line to a file of lines, which is made if it is missing. Whoever reads sees the old file or the new one, never
    /// half of it; other processes that add one wait; it is on the disk when this returns. False, and nothing happens, if the
    /// line is there already. Blocks: for work that was offloaded.
    ///
    ///     let isNew = try Folder(path: "config").append(line: address, to: "mail_from.blocklist")
    @discardableResult
    public func append(line: String, to name: String, limit: Int = 16 << 20) throws(PluginError) -> Bool {
        guard !line.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { throw PluginError("no line for \(name)") }
        // The lock is on this folder's own entry, opened anew: it goes when this function ends.
        let lock = try folder(".")
        let locked = haraka_kit_lock(lock.descriptor)
        guard locked >= 0 else { throw failure(locked, "locking a folder") }
        var content = try read(name, limit: limit) ?? []
        if holds(content, line) { return false }
        if let last = content.last, last != 0x0A { content.append(0x0A) }
        content.append(contentsOf: line.utf8)
        content.append(0x0A)
        try replace(name, with: content)
        return true
    }

    /// The whole file; nil if there is none.
    public func read(_ name: String, limit: Int) throws(PluginError) -> [UInt8]? {
        let mode = name.withCString { haraka_kit_mode_at(descriptor, $0) }
        if mode == -2 { return nil }
        let file = try open(name)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
        defer { buffer.deallocate() }
        var content: [UInt8] = []
        while case let got = try file.read(into: buffer), got > 0 {
            guard got <= limit - content.count else { throw PluginError("\(name) is too long") }
            content.append(contentsOf: buffer[..<got])
        }
        return content
    }

    /// Gives a file another content: written beside it, synced, renamed. Its mode stays; a new one has 0644. One at a time for
    /// each file and process.
    public func replace(_ name: String, with content: [UInt8]) throws(PluginError) {
        let old = name.withCString { haraka_kit_mode_at(descriptor, $0) }
        let beside = ".\(name).\(haraka_kit_process())"
        remove(beside)
        do throws(PluginError) {
            let file = try create(beside)
            let status = content.withUnsafeBytes { haraka_kit_write(file.descriptor, $0.baseAddress, $0.count) }
            guard status >= 0 else { throw failure(status, "writing \(name)") }
            let mode = haraka_kit_set_mode(file.descriptor, old >= 0 ? old : 0o644)
            guard mode >= 0 else { throw failure(mode, "mode of \(name)") }
            try file.sync()
            try rename(beside, to: name)
        } catch {
            remove(beside)
            throw error
        }
        try sync()
    }
}

/// Whether one of its lines is this one, blanks at their ends left aside.
private func holds(_ content: [UInt8], _ line: String) -> Bool {
    content.withUnsafeBytes { content in
        line.lend { line in
            content.split(separator: 0x0A).contains { found in
                let found = Text(UnsafeRawBufferPointer(rebasing: found)).trimmed
                return found == line.trimmed
            }
        }
    }
}

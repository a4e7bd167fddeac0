// Folders and files for plugins that store mail.
import CHarakaPluginKit

/// An open folder. Everything in it is reached through its descriptor, name by name, and a symbolic link is never
/// followed: no name made from an address can lead out of it. Slow: for work that was offloaded. Any thread.
///
///     let root = try Folder(creating: "./store")
///     let file = try root.create("1.eml")
///     try file.write(bytes)
///     try file.sync()
///     try root.sync()
@frozen public struct Folder: ~Copyable, Sendable {
    let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { _ = haraka_kit_close(descriptor) }

    /// Opens a folder by its path, which the administrator wrote: here links are followed.
    public init(path: String) throws(PluginError) {
        descriptor = try opened(path.withCString { haraka_kit_open_folder($0) }, path)
    }

    /// The same, and makes what is missing, mode 0700, so that it is still there after a crash.
    public init(creating path: String) throws(PluginError) {
        let found = path.withCString { haraka_kit_open_folder($0) }
        guard found == -noSuchFile, let (parent, name) = split(path) else {
            descriptor = try opened(found, path)
            return
        }
        // The parent's own path is shorter, so this ends at a folder that exists, or at "." or "/".
        let above = try Folder(creating: parent)
        descriptor = try above.descend(name, create: true)
    }

    /// A folder in this one; with `create` it is made if it is missing, and this folder is synced.
    public func folder(_ name: String, create: Bool = false) throws(PluginError) -> Folder {
        Folder(descriptor: try descend(name, create: create))
    }

    private func descend(_ name: String, create: Bool) throws(PluginError) -> Int32 {
        let found = name.withCString { haraka_kit_open_folder_at(descriptor, $0) }
        guard create, found == -noSuchFile else { return try opened(found, name) }
        let made = name.withCString { haraka_kit_make_folder_at(descriptor, $0) }
        // Somebody else may have been quicker.
        guard made >= 0 || made == -fileExists else { throw failure(made, "making \(name)") }
        try sync()
        return try opened(name.withCString { haraka_kit_open_folder_at(descriptor, $0) }, name)
    }

    /// Makes a new file, mode 0600. An error if the name is taken.
    public func create(_ name: String) throws(PluginError) -> File {
        let file = name.withCString { haraka_kit_open_file_at(descriptor, $0, HARAKA_KIT_CREATE_NEW) }
        return File(descriptor: try opened(file, name))
    }

    /// Opens a file for reading.
    public func open(_ name: String) throws(PluginError) -> File {
        let file = name.withCString { haraka_kit_open_file_at(descriptor, $0, HARAKA_KIT_READ) }
        return File(descriptor: try opened(file, name))
    }

    /// Gives a file of this folder a second name. An error if that name is taken.
    public func link(_ name: String, into folder: borrowing Folder, as newName: String) throws(PluginError) {
        let other = folder.descriptor
        let status = name.withCString { name in
            newName.withCString { haraka_kit_link(descriptor, name, other, $0) }
        }
        guard status >= 0 else { throw failure(status, "linking \(newName)") }
    }

    /// Removes a file; whether it was there.
    @discardableResult
    public func remove(_ name: String) -> Bool { name.withCString { haraka_kit_unlink(descriptor, $0) } >= 0 }

    /// Gives a file of this folder another name. What had that name before is gone, at once and never halfway.
    public func rename(_ name: String, to newName: String) throws(PluginError) {
        let status = name.withCString { name in
            newName.withCString { haraka_kit_rename(descriptor, name, descriptor, $0) }
        }
        guard status >= 0 else { throw failure(status, "renaming to \(newName)") }
    }

    /// Returns when the names in this folder are on the disk.
    public func sync() throws(PluginError) {
        let status = haraka_kit_sync(descriptor)
        guard status >= 0 else { throw failure(status, "syncing a folder") }
    }

    /// The names in this folder but those that begin with a dot, in no order.
    public func names() throws(PluginError) -> [String] {
        let list = NameList()
        let status = haraka_kit_list(descriptor, Unmanaged.passUnretained(list).toOpaque()) { context, name in
            guard let context else { return }
            Unmanaged<NameList>.fromOpaque(context).takeUnretainedValue().names.append(String(cString: name))
        }
        guard status >= 0 else { throw failure(status, "listing a folder") }
        return list.names
    }

    /// When a regular file was last written, in seconds since 1970; nil if it is none.
    public func changed(_ name: String) -> Int64? { info(name)?.changed }

    /// What is known of a regular file without opening it; nil if it is none.
    ///
    ///     if let info = folder.info("secret"), info.mode & 0o077 != 0 { ... }
    public func info(_ name: String) -> FileInfo? {
        var known = haraka_kit_file_info()
        guard name.withCString({ haraka_kit_info_at(descriptor, $0, &known) }) >= 0 else { return nil }
        return FileInfo(mode: known.mode, size: known.size, changed: known.changed)
    }
}

/// A regular file from outside.
public struct FileInfo: Equatable, Sendable {
    /// Permission bits: `0o640`.
    public let mode: Int32
    /// Bytes.
    public let size: Int64
    /// When it was last written, in seconds since 1970.
    public let changed: Int64
}

/// An open file. Any thread.
@frozen public struct File: ~Copyable, Sendable {
    let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { _ = haraka_kit_close(descriptor) }

    /// All bytes, after those before.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(PluginError) {
        try writeAll(bytes, to: descriptor)
    }

    public func write(_ text: String) throws(PluginError) {
        let status = text.lent { haraka_kit_write(descriptor, $0.ptr, $0.len) }
        guard status >= 0 else { throw failure(status, "writing") }
    }

    /// Up to the size of the buffer; how many bytes, 0 at the end.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(PluginError) -> Int {
        let got = haraka_kit_read(descriptor, buffer.baseAddress, buffer.count)
        guard got >= 0 else { throw failure(Int32(truncatingIfNeeded: got), "reading") }
        return Int(got)
    }

    /// Returns when everything written is on the disk.
    public func sync() throws(PluginError) {
        let status = haraka_kit_sync(descriptor)
        guard status >= 0 else { throw failure(status, "syncing") }
    }
}

func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(PluginError) {
    let status = haraka_kit_write(descriptor, bytes.baseAddress, bytes.count)
    guard status >= 0 else { throw failure(status, "writing") }
}

private final class NameList { var names: [String] = [] }

private let noSuchFile: Int32 = 2
private let fileExists: Int32 = 17

/// The folder above and the last name; nil if there is nothing above.
private func split(_ path: String) -> (parent: String, name: String)? {
    var parts = path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
    guard let name = parts.popLast(), name != ".", name != ".." else { return nil }
    var parent = path.utf8.first == UInt8(ascii: "/") ? "/" : parts.isEmpty ? "." : ""
    for (index, part) in parts.enumerated() { parent += index == 0 ? part : "/" + part }
    return (parent, name)
}

private func opened(_ descriptor: Int32, _ name: String) throws(PluginError) -> Int32 {
    guard descriptor >= 0 else { throw failure(descriptor, "opening \(name)") }
    return descriptor
}

func failure(_ status: Int32, _ what: String) -> PluginError {
    PluginError("\(what): \(String(cString: haraka_kit_error_text(status)))", status: status)
}

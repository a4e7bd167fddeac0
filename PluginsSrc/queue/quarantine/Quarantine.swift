// The folders of the quarantine. Everything here waits for the disk.
import HarakaPluginKit

/// Where copies are kept.
struct Quarantine: Sendable {
    let base: String

    /// An empty path means the default, as in Haraka.
    init(base: String) { self.base = base.isEmpty ? "/var/spool/haraka/quarantine" : base }

    /// Where one copy goes: folder names below the base, and the file's name.
    struct Place: Equatable, Sendable {
        let folders: [String]
        let name: String
    }

    /// `[sub-folder/]YYYYMMDD/uuid`. What would lead out of the base is left out of the sub-folder.
    func place(for uuid: String, below subfolder: String, date: Int32) -> Place {
        Place(folders: safe(subfolder) + [String(date)], name: safe(uuid).last ?? "message")
    }

    /// As it is written into the note and the results.
    func path(of place: Place) -> String {
        var path = base
        for name in place.folders + [place.name] { path += "/" + name }
        return path
    }

    /// Notes come from other plugins, which may have made them from what a client sent.
    private func safe(_ path: String) -> [String] {
        path.utf8.split(whereSeparator: { $0 == UInt8(ascii: "/") || $0 == 0 })
            .map { String(decoding: $0, as: UTF8.self) }
            .filter { $0 != "." && $0 != ".." }
    }

    /// Writes the file where nobody looks, then gives it its name. nil: it is there, and on the disk.
    func store(
        _ place: Place, writing body: (borrowing File) throws(PluginError) -> Void
    ) -> PluginError? {
        do throws(PluginError) {
            let root = try Folder(creating: base)
            let tmp = try root.folder("tmp", create: true)
            // The name in tmp goes in any case: a whole file has its other name by then, half a file is worth nothing.
            do throws(PluginError) {
                let file = try tmp.create(place.name)
                try body(file)
                try file.sync()
                try publish(place, root, tmp)
            } catch {
                tmp.remove(place.name)
                throw error
            }
            tmp.remove(place.name)
            return nil
        } catch {
            return error
        }
    }

    /// A link and no renaming: it fails if the name is taken, so no copy is ever overwritten.
    private func publish(_ place: Place, _ root: borrowing Folder, _ tmp: borrowing Folder) throws(PluginError) {
        var folder = try root.folder(place.folders.first ?? ".", create: true)
        for name in place.folders.dropFirst() { folder = try folder.folder(name, create: true) }
        try tmp.link(place.name, into: folder, as: place.name)
        try folder.sync()
    }

    /// Makes what `store` needs. Removes nothing: another process may be writing there already.
    func prepare() throws(PluginError) { _ = try Folder(creating: base).folder("tmp", create: true) }

    /// Removes what was being written when the server stopped.
    func clear() throws(PluginError) {
        let tmp = try Folder(creating: base).folder("tmp", create: true)
        for name in try tmp.names() { tmp.remove(name) }
    }
}

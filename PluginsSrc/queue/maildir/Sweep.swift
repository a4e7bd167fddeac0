// What deliveries that were cut short left behind.
import HarakaPluginKit

extension MailStore {
    /// The specification's age: nobody is still writing a file that is older.
    static let age: Int64 = 36 * 3600

    /// Removes old files from every `tmp`. What cannot be opened is left alone.
    func sweep(_ plugin: Plugin) {
        do throws(PluginError) {
            let removed = try sweep(try Folder(path: root), depth: path.depth, now: Plugin.microseconds / 1_000_000)
            if removed > 0 { plugin.log(.notice, "removed \(removed) old files from tmp folders") }
        } catch {
            plugin.log(.warn, "sweeping tmp folders: \(error.cause)")
        }
    }

    /// `depth`: how many folders are still to go down. Returns how many files were removed.
    func sweep(_ folder: borrowing Folder, depth: Int, now: Int64) throws(PluginError) -> Int {
        guard depth > 0 else { return try sweep(tmpOf: folder, now: now) }
        var removed = 0
        // A folder that vanishes meanwhile, or belongs to somebody else, must not keep the others from being swept.
        for name in try folder.names() {
            do throws(PluginError) {
                removed += try sweep(try folder.folder(name), depth: depth - 1, now: now)
            } catch { continue }
        }
        return removed
    }

    /// `new` and `cur` are the mail reader's; only what was never shown to it may go.
    private func sweep(tmpOf mailbox: borrowing Folder, now: Int64) throws(PluginError) -> Int {
        let tmp = try mailbox.folder("tmp")
        var removed = 0
        for name in try tmp.names() {
            guard let changed = tmp.changed(name), now - changed > MailStore.age else { continue }
            if tmp.remove(name) { removed += 1 }
        }
        return removed
    }
}

// Fuzz target: the reader of shared libraries and of plugin notes.

import HarakaPluginHost

/// Reads the bytes as a whole ELF file, and as the text of a plugin's note. Any error is fine; a trap, or a read outside
/// the bytes, is not.
public func fuzzELF(_ bytes: UnsafeRawBufferPointer) {
    if let summary = try? ELFImage.read(bytes) {
        _ = UnloadVerdict(summary)
    }
    if let note = try? PluginNote.parse(bytes) {
        _ = (note.needs, note.hooks, note.replaces)
    }
}

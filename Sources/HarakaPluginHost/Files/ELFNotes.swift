// Finding the plugin's note among the notes of an ELF file.

/// What a file says about itself in its plugin note.
public enum PluginNoteState: Equatable, Sendable {
    /// There is no note of owner "Haraka": the file is no plugin, or its author left out HARAKA_PLUGIN.
    case missing
    /// There is a note, and it can't be used.
    case broken(NoteError)
    /// The note.
    case found(PluginNote)

    /// The note, if it can be used.
    public var note: PluginNote? {
        if case .found(let note) = self { note } else { nil }
    }
}

/// Walks the notes of a file. Notes of other owners are common (build id, properties) and are passed over.
struct ELFNotes {
    /// The owner, with its NUL, and the type of a plugin note.
    private static let owner: [UInt8] = Array("Haraka".utf8) + [0]
    private static let type: UInt32 = 1

    private var plugin: [ELFBytes] = []

    /// The note in the program headers, which stripping keeps; failing that, the one in the section headers.
    static func find(_ file: ELFBytes, _ segments: ELFSegments, _ sections: ELFSections) -> PluginNoteState {
        var notes = ELFNotes()
        for segment in segments.notes {
            notes.walk(file.slice(segment.offset, segment.fileSize), alignment: segment.alignment)
        }
        if notes.plugin.isEmpty {
            for section in sections.all ?? [] where section.type == ELFSection.Kind.note {
                notes.walk(file.slice(section.offset, section.size), alignment: section.alignment)
            }
        }
        return notes.state
    }

    private var state: PluginNoteState {
        guard let first = plugin.first else { return .missing }
        guard plugin.count == 1 else { return .broken(.several(plugin.count)) }
        do throws(NoteError) {
            return .found(try PluginNote.parse(first.raw))
        } catch {
            return .broken(error)
        }
    }

    /// Collects the plugin notes of one region. Sizes that lead out of the region end the walk: what follows them
    /// can't be told from chance.
    private mutating func walk(_ region: ELFBytes?, alignment: UInt64) {
        guard let region else { return }
        // Notes are aligned to 4, but the GNU property note to 8 (System V ABI for x86-64 and AArch64).
        let mask: UInt64 = alignment == 8 ? 7 : 3
        var offset: UInt64 = 0
        while let nameSize = region.u32(offset), let size = region.u32(offset &+ 4),
            let type = region.u32(offset &+ 8)
        {
            let nameOffset = offset &+ 12
            let start = (nameOffset &+ UInt64(nameSize) &+ mask) & ~mask
            guard let name = region.slice(nameOffset, UInt64(nameSize)),
                let content = region.slice(start, UInt64(size))
            else { return }
            if type == Self.type, name.raw.elementsEqual(Self.owner) { plugin.append(content) }
            offset = (start &+ UInt64(size) &+ mask) & ~mask
        }
    }
}

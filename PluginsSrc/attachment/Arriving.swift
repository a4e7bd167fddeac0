// Attachments while they come.
import HarakaPluginKit

/// What is kept of an attachment: not its content, which can be read again.
struct Attachment {
    /// Of the part.
    let index: Int
    /// Hexadecimal; empty until its end.
    var md5 = ""
    var bytes = 0
    /// As much as ``looksLikeArchive(_:)`` wants.
    var start: [UInt8] = []
}

/// The attachments of one message. Loop thread only.
final class Arriving {
    private(set) var attachments: [Attachment] = []

    /// Called for each attachment; its bytes come between those of no other.
    func begins(_ part: PartInfo) -> AttachmentReader? {
        let place = attachments.count
        attachments.append(Attachment(index: part.index))
        let digest = try? Digest(.md5)
        return AttachmentReader { [self] bytes in
            digest?.update(bytes)
            received(bytes, place)
        } ended: { [self] _ in
            guard let sum = try? digest?.finish() else { return }
            attachments[place].md5 = Digest.hex(sum)
        }
    }

    private func received(_ bytes: UnsafeRawBufferPointer, _ place: Int) {
        attachments[place].bytes &+= bytes.count
        let missing = signLength - attachments[place].start.count
        if missing > 0 { attachments[place].start.append(contentsOf: bytes.prefix(missing)) }
    }
}

// `--dump-mime`: the parts of a message, for people.

import HarakaCore
import MailMessage

enum PartList {
    /// For each part its place and type; for texts what they say, in UTF-8.
    static func text(_ content: any MessageContent) throws -> String {
        let tree = try content.bodyTree()
        let view = try content.snapshot()
        var list = ""
        for part in tree.parts {
            let facts = part.facts
            let name = facts.filename.isEmpty ? "" : ", \(facts.filename)"
            let indent = String(repeating: "  ", count: facts.depth)
            list += "\(indent)\(facts.index): \(facts.contentType), \(part.content.count) bytes\(name)\n"
            if facts.isText, !facts.isAttachment { list += try words(part, view) }
        }
        return list
    }

    private static func words(_ part: BodyTree.Part, _ view: any MessageView) throws -> String {
        var transfer = TransferDecoder(encoding: part.facts.encoding)
        var bytes: [UInt8] = []
        try view.forEachPiece(of: part.content) { transfer.decode($0, into: &bytes) }
        transfer.finish(into: &bytes)
        let text = bytes.withUnsafeBytes { Charset.utf8($0, charset: part.facts.charset) }
        let shown = text ?? String(decoding: bytes, as: UTF8.self)
        return shown.hasSuffix("\n") ? shown : shown + "\n"
    }
}

extension MessageView {
    /// Reads that range of the body in pieces, each valid during its call.
    fileprivate func forEachPiece(of content: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) throws {
        var offset = content.lowerBound
        try withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 16) { buffer in
            while offset < content.upperBound {
                let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(content.upperBound - offset))
                let count = try read(at: bodyStart + offset, into: room)
                guard count > 0 else { break }
                body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += count
            }
        }
    }
}

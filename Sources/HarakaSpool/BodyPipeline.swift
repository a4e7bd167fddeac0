// The way of a body that somebody has wishes about: received bytes -> filters and banner -> where it is kept -> its
// parts and who reads attachments.

import MailMessage

/// One body on its way. Runs plugins. Bounded: what a filter gives for one piece, and the tree.
///
/// A class, so that most messages, which have none, are not larger for it. Nobody calls it from inside one of its own
/// calls: see `MessageSink.pipe`.
final class BodyPipeline {
    private var rewriter: BodyRewriter?
    private var builder: BodyTree.Builder?
    /// What took the place of the piece at hand.
    private var rewritten: [UInt8] = []
    /// A buffer that a large piece needed is not kept longer than that piece.
    private static let usualPiece = 256 * 1024
    var heldBytes: Int { rewritten.capacity }
    private(set) var tree: BodyTree?
    private(set) var partCount = 0
    private(set) var isOverfull = false

    /// - Parameter header: of the message
    init(header: HeaderBlock, wishes: BodyWishes, limits: BodyLimits) {
        let root = PartFacts(header)
        if wishes.rewrites {
            rewriter = BodyRewriter(root: root, limits: limits, filters: wishes.filters, banner: wishes.banner)
        }
        builder = BodyTree.Builder(root: root, limits: limits, observers: wishes.observers)
    }

    /// The next bytes as they were received.
    func push(_ bytes: UnsafeRawBufferPointer, to sink: MessageSink) {
        guard rewriter != nil else { return pass(bytes, to: sink) }
        rewriter?.rewrite(bytes, into: &rewritten)
        passRewritten(to: sink)
    }

    private func passRewritten(to sink: MessageSink) {
        // Moved out: `pass` must not find an access to it open.
        let piece = rewritten
        rewritten = []
        if !piece.isEmpty { piece.withUnsafeBytes { pass($0, to: sink) } }
        guard piece.capacity <= BodyPipeline.usualPiece else { return }
        rewritten = piece
        rewritten.removeAll(keepingCapacity: true)
    }

    private func pass(_ bytes: UnsafeRawBufferPointer, to sink: MessageSink) {
        // A filter may have failed the message, and whoever reads attachments has been told then.
        guard sink.isWanted else { return }
        sink.store(bytes)
        builder?.append(bytes)
        note()
    }

    private func note() {
        partCount = builder?.partCount ?? partCount
        isOverfull = isOverfull || builder?.isOverfull == true || rewriter?.isOverfull == true
    }

    /// The body has ended: there is a tree, unless it has too many parts.
    func finish(to sink: MessageSink) {
        rewriter?.finish(into: &rewritten)
        if rewriter != nil { passRewritten(to: sink) }
        let finished = builder?.finish()
        note()
        (rewriter, builder) = (nil, nil)
        if !isOverfull { tree = finished }
    }

    /// Whoever is in the middle of a part is told.
    func abort() {
        rewriter?.abort()
        builder?.abort()
        (rewriter, builder) = (nil, nil)
    }
}

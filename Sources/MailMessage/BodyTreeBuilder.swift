// Body to tree, while it arrives and attachments are read.

extension BodyTree {
    /// Makes a tree of a body that comes in pieces, and hands attachments on to whoever wants them.
    ///
    /// Readers are called from inside ``append(_:)``, ``finish()`` and ``abort()``, and must not call these.
    public struct Builder {
        private var walker: MIMEWalker
        private var recorder: TreeRecorder

        /// - Parameter root: What the header of the message says.
        public init(root: PartFacts, limits: BodyLimits, observers: [any AttachmentObserver] = []) {
            walker = MIMEWalker(root: root, limits: limits)
            recorder = TreeRecorder(observers: observers)
        }

        /// Parts so far, the whole message included. 0 before the first byte.
        public var partCount: Int { walker.partCount }

        /// There are more parts than `limits.parts`; from there on nothing is taken apart.
        public var isOverfull: Bool { walker.isOverfull }

        /// The next bytes of the body.
        public mutating func append(_ bytes: UnsafeRawBufferPointer) {
            walker.feed(bytes, &recorder)
        }

        /// The message has ended. Once, and not after ``abort()``.
        public mutating func finish() -> BodyTree {
            walker.end(&recorder)
            var tree = recorder.tree
            tree.isOverfull = walker.isOverfull
            return tree
        }

        /// The message is not wanted any more: ends the readers of the part at hand, if there are any. Nothing after it.
        public mutating func abort() {
            recorder.attachment.end(.aborted)
        }
    }
}

/// Writes down what the walk finds.
struct TreeRecorder: MIMEHandler {
    private(set) var tree = BodyTree()
    var attachment: AttachmentReading
    private var offset = 0

    init(observers: [any AttachmentObserver]) { attachment = AttachmentReading(observers: observers) }

    mutating func began(_ part: PartFacts, header: HeaderBlock, at place: PartPlace) {
        let content = place.content..<place.content
        tree.parts.append(.init(facts: part, parent: place.parent, header: place.header, content: content))
        if let parent = place.parent { tree.parts[parent].children.append(part.index) }
        attachment.begin(part)
    }

    mutating func content(_ part: Int, _ bytes: UnsafeRawBufferPointer) {
        offset += bytes.count
        attachment.read(bytes)
    }

    mutating func ended(_ part: Int, _ end: PartEnd) {
        let start = tree.parts[part].content.lowerBound
        tree.parts[part].content = start..<max(start, offset)
        tree.parts[part].end = end
        // Multiparts end behind their children; nobody reads then.
        attachment.end(end)
    }

    mutating func structure(_ bytes: UnsafeRawBufferPointer) { offset += bytes.count }
}

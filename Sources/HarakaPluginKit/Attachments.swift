// Attachments while they come.
import CHarakaPluginKit

/// How an attachment ended.
public enum PartEnd: Sendable, Equatable {
    /// Its boundary came.
    case complete
    /// The message ended without it.
    case unfinished
    /// The message is not wanted any more, or the client has gone.
    case aborted
}

/// Reads one attachment. On the loop.
public struct AttachmentReader {
    let received: (UnsafeRawBufferPointer) -> Void
    let ended: (PartEnd) -> Void

    /// `received`: content with its transfer encoding undone, lent for the call. `ended`: exactly once.
    public init(
        received: @escaping (UnsafeRawBufferPointer) -> Void, ended: @escaping (PartEnd) -> Void = { _ in }
    ) {
        self.received = received
        self.ended = ended
    }
}

extension Body {
    /// Asks `begins` about each part that is an attachment; who returns a reader gets its content. Until the hook `data` has
    /// ended. What takes time holds the client back meanwhile:
    ///
    ///     let connection = call.connection
    ///     try body.attachments { part in
    ///         AttachmentReader { bytes in
    ///             connection.pause()
    ///             scanner.feed(bytes) { connection.resume() }
    ///         }
    ///     }
    public func attachments(_ begins: @escaping (PartInfo) -> AttachmentReader?) throws(PluginError) {
        let box = Unmanaged.passRetained(ObserverBox(begins)).toOpaque()
        var handler = haraka_attachments()
        handler.size = MemoryLayout<haraka_attachments>.size
        handler.begin = attachmentBegins
        handler.data = attachmentReceived
        handler.end = attachmentEnded
        handler.context = box
        handler.destroy = releaseKept
        let status = service.pointee.attachments(owner, transaction, &handler)
        if status < 0 { releaseKept(box) }
        try PluginError.check(status, "attachments")
    }
}

private final class ObserverBox {
    let begins: (PartInfo) -> AttachmentReader?
    init(_ begins: @escaping (PartInfo) -> AttachmentReader?) { self.begins = begins }
}

private final class ReaderBox {
    let reader: AttachmentReader
    init(_ reader: AttachmentReader) { self.reader = reader }
}

private let attachmentBegins:
    @convention(c) (
        UnsafeMutableRawPointer?, haraka_transaction, UnsafePointer<haraka_part_info>?,
        UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> Int32 = { context, _, part, out in
        guard let context, let part, let out else { return 0 }
        let observer = Unmanaged<ObserverBox>.fromOpaque(context).takeUnretainedValue()
        guard let reader = observer.begins(PartInfo(info: part.pointee)) else { return 0 }
        out.pointee = Unmanaged.passRetained(ReaderBox(reader)).toOpaque()
        return 1
    }

private let attachmentReceived:
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, haraka_str) -> Void = { _, part, bytes in
        guard let part else { return }
        Unmanaged<ReaderBox>.fromOpaque(part).takeUnretainedValue().reader.received(Text(bytes).bytes)
    }

private let attachmentEnded: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int32) -> Void = {
    _, part, complete in
    guard let part else { return }
    let box = Unmanaged<ReaderBox>.fromOpaque(part).takeRetainedValue()
    box.reader.ended(complete > 0 ? .complete : complete == 0 ? .unfinished : .aborted)
}

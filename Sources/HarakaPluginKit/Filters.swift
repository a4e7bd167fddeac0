// Parts that are rewritten while they come.
import CHarakaPluginKit

/// Takes what a filter gives, in the call that it was given to.
public struct FilterOutput {
    let service: UnsafePointer<haraka_body_1>
    let handle: haraka_output

    public func emit(_ bytes: UnsafeRawBufferPointer) { _ = service.pointee.emit(handle, Text(bytes).lent) }
    public func emit(_ bytes: [UInt8]) { bytes.withUnsafeBytes { emit($0) } }
    public func emit(_ text: String) { _ = text.lent { service.pointee.emit(handle, $0) } }
}

/// Rewrites one part: content with its transfer encoding undone, in the part's own charset, piece by piece. What takes its
/// place goes to the output, now or in a later call; `isLast` is true in exactly one call, the last, whose bytes may be empty.
/// When the part is over, or not wanted any more, the closure and what it holds are let go.
public typealias PartFilter = (_ bytes: UnsafeRawBufferPointer, _ isLast: Bool, _ output: FilterOutput) -> Void

extension Body {
    /// Asks `begins` about each part that is no multipart; who returns a filter rewrites it, nil leaves it byte for byte.
    /// Filters work one after the other, in the order in which they were added. Until the hook `data` has ended.
    ///
    ///     try body.filter { part in
    ///         part.contentType == "text/plain" ? { bytes, isLast, output in output.emit(bytes) } : nil
    ///     }
    public func filter(_ begins: @escaping (PartInfo) -> PartFilter?) throws(PluginError) {
        let box = Unmanaged.passRetained(FilterBox(service, begins)).toOpaque()
        var filter = haraka_filter()
        filter.size = MemoryLayout<haraka_filter>.size
        filter.begin = filterBegins
        filter.data = filterReceived
        filter.end = filterEnded
        filter.context = box
        filter.destroy = releaseKept
        let status = service.pointee.filter(owner, transaction, &filter)
        if status < 0 { releaseKept(box) }
        try PluginError.check(status, "filter")
    }

    /// Haraka's add_body_filter: rewrites parts that `matches` wants as a whole. A part of more than `limit` bytes, or for
    /// which `rewrite` returns nil, keeps its content.
    ///
    ///     try body.filterWhole(limit: 1 << 20) { $0.contentType.hasPrefix("text/html") } rewrite: { part, html in
    ///         html + Array("<!-- seen -->".utf8)
    ///     }
    public func filterWhole(
        limit: Int = 1 << 20, _ matches: @escaping (PartInfo) -> Bool,
        rewrite: @escaping (_ part: WholePart, _ content: [UInt8]) -> [UInt8]?
    ) throws(PluginError) {
        try filter { part in
            guard matches(part) else { return nil }
            let kept = WholePart(part, limit)
            return { bytes, isLast, output in kept.receive(bytes, isLast, output, rewrite) }
        }
    }
}

/// A part that waits for its end.
public final class WholePart {
    /// As ``PartInfo/contentType``.
    public let contentType: String
    /// As ``PartInfo/charset``: the content is in it.
    public let charset: String
    private let limit: Int
    private var content: [UInt8] = []
    private var isTooLong = false

    init(_ part: PartInfo, _ limit: Int) {
        (contentType, charset, self.limit) = (part.contentType.string, part.charset.string, limit)
    }

    func receive(
        _ bytes: UnsafeRawBufferPointer, _ isLast: Bool, _ output: FilterOutput,
        _ rewrite: (WholePart, [UInt8]) -> [UInt8]?
    ) {
        if isTooLong { return output.emit(bytes) }
        guard bytes.count <= limit - content.count else {
            isTooLong = true
            output.emit(content)
            content = []
            return output.emit(bytes)
        }
        content.append(contentsOf: bytes)
        if isLast { output.emit(rewrite(self, content) ?? content) }
    }
}

private final class FilterBox {
    let service: UnsafePointer<haraka_body_1>
    let begins: (PartInfo) -> PartFilter?

    init(_ service: UnsafePointer<haraka_body_1>, _ begins: @escaping (PartInfo) -> PartFilter?) {
        self.service = service
        self.begins = begins
    }
}

private final class PartFilterBox {
    let filter: PartFilter
    init(_ filter: @escaping PartFilter) { self.filter = filter }
}

private let filterBegins:
    @convention(c) (
        UnsafeMutableRawPointer?, haraka_transaction, UnsafePointer<haraka_part_info>?,
        UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> Int32 = { context, _, part, out in
        guard let context, let part, let out else { return 0 }
        let box = Unmanaged<FilterBox>.fromOpaque(context).takeUnretainedValue()
        guard let filter = box.begins(PartInfo(info: part.pointee)) else { return 0 }
        out.pointee = Unmanaged.passRetained(PartFilterBox(filter)).toOpaque()
        return 1
    }

private let filterReceived:
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, haraka_str, Int32, haraka_output) -> Void = {
        context, part, bytes, last, output in
        guard let context, let part else { return }
        let service = Unmanaged<FilterBox>.fromOpaque(context).takeUnretainedValue().service
        let box = Unmanaged<PartFilterBox>.fromOpaque(part).takeUnretainedValue()
        box.filter(Text(bytes).bytes, last != 0, FilterOutput(service: service, handle: output))
    }

private let filterEnded: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void = { _, part in
    releaseKept(part)
}

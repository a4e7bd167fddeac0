// Messages and parts read from the front. plugin.h `message_stream`.

import HarakaCore
import HarakaPluginABI
import MailMessage

extension PluginHost {
    /// Larger chunks for clamd would only cost memory: one is held until it is full.
    static let maximumStreamChunk = 1 << 20

    func fillStreams() {
        table.pointee.message_stream = { message, options, out in
            guard let host = PluginHost.shared else { return HARAKA_E_REVOKED }
            guard let out, let form = StreamWish(options) else { return HARAKA_E_ARGUMENT }
            guard let held = host.messages.held(message.bits) else { return host.badHandleAnywhere("message") }
            guard form.chunkSize <= PluginHost.maximumStreamChunk else { return HARAKA_E_LIMIT }
            return host.open(form.stream(of: held.view), for: held.plugin, out)
        }
        table.pointee.stream_read = { stream, buffer, count in
            guard let host = PluginHost.shared else { return Int64(HARAKA_E_REVOKED) }
            guard let stream = host.streams.find(stream.bits) else { return Int64(host.badHandleAnywhere("stream")) }
            guard let buffer, count >= 0 else { return count == 0 ? 0 : Int64(HARAKA_E_ARGUMENT) }
            do {
                let room = UnsafeMutableRawBufferPointer(start: buffer, count: min(count, Int(Int32.max)))
                return Int64(try stream.read(into: room))
            } catch {
                host.warn(HARAKA_LOG_ERROR, "core", "-", "the message cannot be read: \(error)")
                return Int64(HARAKA_E_IO)
            }
        }
        table.pointee.stream_close = { stream in
            guard let host = PluginHost.shared else { return HARAKA_E_REVOKED }
            return host.streams.close(stream.bits) ? HARAKA_SUCCESS : host.badHandleAnywhere("stream")
        }
    }

    /// Any thread.
    func open(_ stream: MessageStream, for plugin: UInt64, _ out: UnsafeMutablePointer<haraka_stream>) -> Int32 {
        guard let identity = identities.withLock({ $0[plugin] }) else { return HARAKA_E_REVOKED }
        do throws(StreamTable.Refusal) {
            out.pointee = haraka_stream(bits: try streams.open(stream, for: plugin, identity))
            return HARAKA_SUCCESS
        } catch {
            return error == .revoked ? HARAKA_E_REVOKED : HARAKA_E_LIMIT
        }
    }

    /// As `badHandle`; on other threads the log does not know whose it was.
    func badHandleAnywhere(_ what: StaticString) -> Int32 {
        if loop.isCurrent { return badHandle(what) }
        warn(HARAKA_LOG_ERROR, "core", "-", "a plugin's thread used a \(what) handle that names nothing (any more)")
        return HARAKA_E_HANDLE
    }
}

/// What a plugin asked of a stream.
private struct StreamWish {
    private static let known =
        HARAKA_STREAM_LF | HARAKA_STREAM_DOT_STUFFED | HARAKA_STREAM_ENDING_DOT | HARAKA_STREAM_SKIP_HEADERS
        | HARAKA_STREAM_CLAMD

    private var flags: UInt32 = 0
    private(set) var chunkSize = 0

    /// Nil: too short, or with flags that this host does not know. The size is looked at before anything else.
    init?(_ options: UnsafePointer<haraka_stream_options>?) {
        guard let options else { return }
        guard options.pointee.size >= MemoryLayout<haraka_stream_options>.size else { return nil }
        flags = options.pointee.flags
        chunkSize = Int(options.pointee.chunk_size)
        guard flags & ~StreamWish.known == 0 else { return nil }
    }

    private func has(_ flag: UInt32) -> Bool { flags & flag != 0 }

    func stream(of view: any MessageView) -> MessageStream {
        let start = has(HARAKA_STREAM_SKIP_HEADERS) ? view.bodyStart : 0
        var options: StreamForm.Options = []
        if has(HARAKA_STREAM_LF) { options.insert(.lf) }
        if has(HARAKA_STREAM_DOT_STUFFED) { options.insert(.dotStuffed) }
        if has(HARAKA_STREAM_ENDING_DOT) { options.insert(.endingDot) }
        if has(HARAKA_STREAM_CLAMD) { options.insert(.clamd) }
        guard !options.isEmpty else { return MessageStream(view, start..<view.size) }
        let form = StreamForm(options: options, chunkSize: chunkSize == 0 ? 65_536 : chunkSize)
        return MessageStream(view, start..<view.size, steps: [FormStep(form)])
    }
}

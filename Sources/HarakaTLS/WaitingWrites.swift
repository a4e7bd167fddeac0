// What was written and is not sealed yet.

import NIOCore

/// Small writes of one flush become one record.
struct WaitingWrites {
    private var buffers: [ByteBuffer] = []
    private var promises: [EventLoopPromise<Void>] = []
    /// It shall go out as soon as it can.
    var isFlushed = false

    var isEmpty: Bool { buffers.isEmpty }

    /// Copies what is small behind what waits already.
    mutating func add(_ buffer: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        if let promise { promises.append(promise) }
        let last = buffers.count - 1
        if last >= 0, buffers[last].readableBytes + buffer.readableBytes <= TLSConnection.recordSize {
            buffers[last].writeImmutableBuffer(buffer)
        } else {
            buffers.append(buffer)
        }
    }

    /// Everything, and one promise for all of it; nil: nobody waits.
    mutating func take(_ loop: any EventLoop) -> ([ByteBuffer], EventLoopPromise<Void>?) {
        defer { self = WaitingWrites() }
        guard promises.count > 1 else { return (buffers, promises.first) }
        let all = loop.makePromise(of: Void.self)
        for promise in promises { all.futureResult.cascade(to: promise) }
        return (buffers, all)
    }

    mutating func fail(_ error: any Error) {
        let failed = promises
        self = WaitingWrites()
        for promise in failed { promise.fail(error) }
    }
}

// How connections end, and handlers that do things from within.

import NIOCore
import Testing

@testable import HarakaTLS

@Suite("Closing")
struct ClosingTests {
    private func established(_ version: TLSVersion = .v1_3) throws -> Pair {
        let pair = try Pair(try Made.context(), try Made.client { $0.rules.maxVersion = version })
        pair.carry()
        return pair
    }

    @Test("closing says so, and the other side hears the end of input", arguments: [TLSVersion.v1_2, .v1_3])
    func closeNotify(version: TLSVersion) throws {
        let pair = try established(version)
        pair.server.write("221 bye\r\n")
        pair.server.channel.close(promise: nil)
        pair.carry()
        pair.client.receiveEnd()
        #expect(pair.client.recorder.text == "221 bye\r\n")
        #expect(pair.client.recorder.inputEnds == 1)
        #expect(pair.client.tls?.isTruncated == false)
        #expect(!pair.server.channel.isActive)
    }

    @Test("after closing the output the input is still read")
    func halfClosed() throws {
        let pair = try established()
        // An EmbeddedChannel knows no half of a close.
        try pair.server.channel.pipeline.syncOperations.addHandler(HalfClose(), position: .first)
        pair.server.channel.close(mode: .output, promise: nil)
        pair.carry()
        #expect(pair.client.recorder.inputEnds == 1)
        pair.client.write("still here")
        pair.carry()
        #expect(pair.server.recorder.text == "still here")
        let failed = Tally()
        pair.server.channel.writeAndFlush(ByteBuffer(string: "too late")).whenFailure { _ in failed.count += 1 }
        #expect(failed.count == 1 && pair.server.sent().isEmpty)
    }

    @Test("an end without a word is noticed, as a remark")
    func truncated() throws {
        let pair = try established()
        pair.server.receiveEnd()
        #expect(pair.server.tls?.isTruncated == true)
        #expect(pair.server.recorder.inputEnds == 1 && pair.server.recorder.errors.isEmpty)
        let other = try established()
        other.server.channel.pipeline.fireChannelInactive()
        #expect(other.server.tls?.isTruncated == true)
    }

    @Test("a client that vanishes during the handshake")
    func vanishes() throws {
        let pair = try Pair(try Made.context(), try Made.client())
        pair.server.receive(pair.client.sent())
        pair.server.channel.pipeline.fireChannelInactive()
        #expect(pair.server.recorder.failure == "the client closed the connection during the handshake")
        let own = try Pair(try Made.context(), try Made.client())
        own.server.channel.close(promise: nil)
        #expect(own.server.recorder.events.isEmpty)
    }

    @Test("the handler after it may write from within, again and again")
    func echo() throws {
        let pair = try established()
        pair.server.recorder.onRead = { recorder, context in
            for _ in 0..<3 { context.writeAndFlush(recorder.wrapOutboundOut(ByteBuffer(string: "ok")), promise: nil) }
        }
        pair.client.write("one")
        pair.carry()
        #expect(pair.client.recorder.text == "okokok")
    }

    @Test("bytes that arrive while bytes are handled are handled after them, in order")
    func nested() throws {
        let pair = try established()
        pair.client.write("1")
        let first = pair.client.sent()
        pair.client.write("2")
        let second = pair.client.sent()
        pair.server.recorder.onRead = { recorder, context in
            guard recorder.reads.count == 1 else { return }
            context.channel.pipeline.fireChannelRead(ByteBuffer(bytes: second))
            #expect(recorder.reads.count == 1)
        }
        pair.server.receive(first)
        #expect(pair.server.recorder.text == "12" && pair.server.recorder.reads == [1, 1])
    }

    @Test("the handler after it may close from within: nothing is read any more")
    func closesWithin() throws {
        let pair = try established()
        pair.server.recorder.onRead = { _, context in context.close(promise: nil) }
        pair.client.write([UInt8](repeating: 65, count: 100_000))
        let bytes = pair.client.sent()
        pair.server.receive(Array(bytes[..<50_000]))
        pair.server.receive(Array(bytes[50_000...]))
        #expect(pair.server.recorder.reads.count == 1 && !pair.server.channel.isActive)
        pair.carry()
        #expect(pair.client.recorder.inputEnds == 1)
    }

    @Test("the TLS handler itself may be removed from within")
    func removedWithin() throws {
        let pair = try established()
        pair.server.recorder.onRead = { recorder, context in
            guard let tls = pair.server.tls else { return }
            context.pipeline.syncOperations.removeHandler(tls, promise: nil)
        }
        pair.client.write("a")
        let first = pair.client.sent()
        pair.client.write("b")
        pair.server.receive(first + pair.client.sent())
        #expect(pair.server.recorder.text == "ab")
        pair.server.write("clear")
        #expect(pair.server.sent() == Array("clear".utf8))
    }

    @Test("the handler after it may close as soon as it hears of the handshake")
    func closesOnEvent() throws {
        let pair = try Pair(try Made.context(), try Made.client())
        pair.server.recorder.onEvent = { _, context in context.close(promise: nil) }
        pair.carry()
        #expect(pair.server.recorder.events.count == 1 && !pair.server.channel.isActive)
        let failing = try End(TLSHandler(server: try Made.context(), limit: .seconds(30)))
        failing.recorder.onEvent = { _, context in context.close(promise: nil) }
        try failing.begin()
        failing.receive(Array("EHLO x\r\n".utf8))
        #expect(failing.recorder.failure != nil && !failing.channel.isActive)
    }

    @Test("writes that wait when it ends have failed")
    func waitingWrites() throws {
        let pair = try Pair(try Made.context(), try Made.client())
        let failures = Tally()
        for _ in 0..<2 {
            pair.server.channel.writeAndFlush(ByteBuffer(string: "x")).whenFailure { _ in failures.count += 1 }
        }
        pair.server.receive(Array("EHLO x\r\n".utf8))
        #expect(failures.count == 2)
    }
}

/// Takes the place of a socket that closes one direction.
private final class HalfClose: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output { promise?.succeed() } else { context.close(mode: mode, promise: promise) }
    }
}

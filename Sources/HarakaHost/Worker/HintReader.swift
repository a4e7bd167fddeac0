// The reading end of the pipe on which smtp workers tell the delivery worker of new mail. docs/processes.md "The queue".

import NIOCore

/// Lines of text, each the name of a mail or `*`: look through the folder.
final class HintReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let heard: ([String]) -> Void
    /// The beginning of a line whose end has not come: a read may end anywhere, although writes are whole lines.
    private var rest: [UInt8] = []

    /// - Parameter heard: on the channel's loop
    init(_ heard: @escaping ([String]) -> Void) { self.heard = heard }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        rest += unwrapInboundIn(data).readableBytesView
        guard let end = rest.lastIndex(of: 0x0A) else { return }
        let names = rest[..<end].split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
        rest.removeFirst(end + 1)
        heard(names)
    }
}

// The control socket: a line in, lines out, then the end. The command line talks to the running server through it.

public import NIOCore
import NIOPosix

/// What the control socket was asked; answered with lines, the last of which is `OK` or `ERROR`.
public typealias ControlCommand =
    @Sendable (_ words: [String], _ answer: @escaping @Sendable ([String]) -> Void) -> Void

public enum ControlServer {
    /// The longest command line.
    static let maximumLine = 4096

    /// Listens on a unix socket with mode 0600. The folder should be private too: the mode is set after binding.
    public static func listen(_ path: String, on loop: any EventLoop, _ command: @escaping ControlCommand)
        -> EventLoopFuture<any Channel>
    {
        ServerBootstrap(group: loop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ControlHandler(command))
                }
            }
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
            .flatMapThrowing { channel in
                try UnixSocket.setMode(path, 0o600)
                return channel
            }
    }
}

/// One caller.
private final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let command: ControlCommand
    private var input = ByteBuffer()
    private var isAnswering = false

    init(_ command: @escaping ControlCommand) { self.command = command }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard !isAnswering else { return }
        input.writeBuffer(&bytes)
        guard let end = input.readableBytesView.firstIndex(of: 10) else {
            if input.readableBytes > ControlServer.maximumLine { refuse(context.channel) }
            return
        }
        isAnswering = true
        let line = String(decoding: input.readableBytesView[..<end], as: UTF8.self)
        let channel = context.channel
        command(line.split(separator: " ").map(String.init)) { lines in
            let text = lines.map { $0 + "\n" }.joined()
            channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in channel.close(promise: nil) }
        }
    }

    /// What is still coming is read and thrown away: closing with input unread would destroy the answer on its way.
    private func refuse(_ channel: any Channel) {
        isAnswering = true
        input.clear()
        channel.writeAndFlush(ByteBuffer(string: "the command is too long\nERROR\n")).whenComplete { _ in
            channel.close(mode: .output, promise: nil)
        }
        channel.eventLoop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

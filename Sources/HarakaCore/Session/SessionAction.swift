// What the session machine asks its driver to do.

public import SMTPSyntax

/// The machine's answer to an event. The driver carries it out and tells the machine where the action says so.
public enum SessionAction: Sendable {
    /// Ask plugins; then `hooksCompleted`.
    case ask(Question)
    /// Send a reply, then go on as `Then` says.
    case send(Reply, Then)
    /// Send nothing; the plugin has answered.
    case proceed(Then)
    /// Look up the client's name; then `nameResolved`.
    case resolveName
    /// Close the socket: the session is over.
    case close
    /// Nothing: the answer to an earlier question is still awaited.
    case wait

    public enum Then: Sendable, Equatable {
        /// Handle the next line.
        case read
        /// Call `replySent`: the machine has more to do first.
        case resume
        /// Receive the message; then `messageEnded`.
        case receiveMessage
        /// Call `disconnect`.
        case disconnect
    }
}

/// A question to the plugins, with what they are asked about.
public enum Question: Sendable, Equatable {
    case connectInit, lookupRDNS, connect
    case helo(String)
    case ehlo(String)
    case capabilities
    case mail(PathArguments)
    case rcpt(PathArguments)
    case rcptOK(PathArguments)
    case data, maxDataExceeded, dataPost, queue, queueOutbound
    case queueOK(String)
    case resetTransaction, vrfy, noop, rset, quit, disconnect
    case unrecognizedCommand(word: String, rest: String)
    /// A hook of any name, reached by NEXT_HOOK.
    case named(String, word: String, rest: String)

    /// The hook that is asked; nil for a custom one.
    public var hook: Hook? {
        switch self {
        case .connectInit: .connectInit
        case .lookupRDNS: .lookupRDNS
        case .connect: .connect
        case .helo: .helo
        case .ehlo: .ehlo
        case .capabilities: .capabilities
        case .mail: .mail
        case .rcpt: .rcpt
        case .rcptOK: .rcptOK
        case .data: .data
        case .maxDataExceeded: .maxDataExceeded
        case .dataPost: .dataPost
        case .queue: .queue
        case .queueOutbound: .queueOutbound
        case .queueOK: .queueOK
        case .resetTransaction: .resetTransaction
        case .vrfy: .vrfy
        case .noop: .noop
        case .rset: .rset
        case .quit: .quit
        case .disconnect: .disconnect
        case .unrecognizedCommand: .unrecognizedCommand
        case .named: nil
        }
    }
}

/// The address and ESMTP parameters of MAIL or RCPT.
///
/// A reference, because questions and states that carry it are copied often and its seven strings would be too.
public final class PathArguments: Sendable, Equatable {
    public let address: Address
    public let parameters: [Parameter]

    public static func == (left: PathArguments, right: PathArguments) -> Bool {
        left === right || (left.address == right.address && left.parameters == right.parameters)
    }

    public init(address: Address, parameters: [Parameter]) {
        self.address = address
        self.parameters = parameters
    }
}

/// How the message ended, as the driver saw it.
public struct MessageFacts: Sendable, Equatable {
    /// Content bytes as sent by the client, dot stuffing removed.
    public var bytes = 0
    public var hasBareNewline = false
    public var receivedHeaders = 0
    /// The message could not be kept (disk full ...): why, for the log. The client is told to try again.
    public var failure: String?

    public init() {}
}

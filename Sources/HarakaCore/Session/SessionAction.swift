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
    /// Put the message into the queue; then `stored`.
    case store
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
        /// Receive the message; `headerEnded` when its header is there, then `messageEnded`.
        case receiveMessage
        /// Go on receiving it; what comes is thrown away if `refusesMessage`.
        case receiveMore
        /// Call `disconnect`.
        case disconnect
    }
}

/// A question to the plugins, with what they are asked about.
public enum Question: Sendable, Equatable {
    case preConnection, connectInit, lookupRDNS, connect
    case heloParse(word: String, rest: String)
    case ehloParse(word: String, rest: String)
    case helo(String)
    case ehlo(String)
    case capabilities
    case mailParse(word: String, rest: String)
    case mailPre(PathArgument)
    case mail(PathArguments)
    case rcptParse(word: String, rest: String)
    case rcptPre(PathArgument)
    case rcpt(PathArguments)
    case rcptOK(PathArguments)
    /// The driver has left the line that the core would write in `Transaction.receivedLine`.
    case receivedLine
    case data, dataHeadersEnd, maxDataExceeded, dataPostHeaders, dataPost, queuePre, queue, queueOutbound
    case queueOK(String)
    /// How `queue` ended, and what the client was told.
    case queuePost(HookCode, String)
    case resetTransaction, rset, quit, disconnect, postConnection
    /// The message is about to be queued; its header is complete.
    case preSendTransEmail
    /// The rest of the line.
    case vrfy(String)
    case noop(String)
    case help(String)
    case unrecognizedCommand(word: String, rest: String)
    /// A hook of any name, reached by NEXT_HOOK.
    case named(String, word: String, rest: String)
    /// A hook that plugins ask, not the machine: those of AUTH, or one of any name, with its arguments.
    case custom(String, [Value])

    /// The hook that is asked; nil for one of any name.
    public var hook: Hook? {
        switch self {
        case .preConnection: .preConnection
        case .connectInit: .connectInit
        case .lookupRDNS: .lookupRDNS
        case .connect: .connect
        case .heloParse: .heloParse
        case .helo: .helo
        case .ehloParse: .ehloParse
        case .ehlo: .ehlo
        case .capabilities: .capabilities
        case .mailParse: .mailParse
        case .mailPre: .mailPre
        case .mail: .mail
        case .rcptParse: .rcptParse
        case .rcptPre: .rcptPre
        case .rcpt: .rcpt
        case .rcptOK: .rcptOK
        case .receivedLine: .receivedLine
        case .data: .data
        case .dataHeadersEnd: .dataHeadersEnd
        case .maxDataExceeded: .maxDataExceeded
        case .dataPostHeaders: .dataPostHeaders
        case .dataPost: .dataPost
        case .queuePre: .queuePre
        case .queue: .queue
        case .queueOutbound: .queueOutbound
        case .queueOK: .queueOK
        case .queuePost: .queuePost
        case .resetTransaction: .resetTransaction
        case .preSendTransEmail: .preSendTransEmail
        case .vrfy: .vrfy
        case .noop: .noop
        case .help: .help
        case .rset: .rset
        case .quit: .quit
        case .disconnect: .disconnect
        case .postConnection: .postConnection
        case .unrecognizedCommand: .unrecognizedCommand
        case .named: nil
        case .custom(let name, _): Hook(name: name)
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
    /// More than `max.mime_parts`, and somebody wanted to see them.
    public var hasTooManyParts = false
    /// The header was too long to be read, and somebody wanted to see what is behind it.
    public var hidesParts = false
    /// The message could not be kept (disk full ...): why, for the log. The client is told to try again.
    public var failure: String?

    public init() {}
}

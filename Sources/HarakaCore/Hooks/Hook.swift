// The hooks that the core asks, and what each may be answered with.

/// A question that the core asks its plugins. The raw value is the slot in a handler table of `Hook.count` slots.
public enum Hook: UInt8, Sendable, CaseIterable {
    case initMaster, initChild, log
    case connectInit, lookupRDNS, connect, helo, ehlo, capabilities, quit, vrfy, noop, rset
    case mail, rcpt, rcptOK, data, maxDataExceeded, dataPost, queue, queueOutbound, queueOK
    case resetTransaction, unrecognizedCommand, deny, disconnect

    public static let count = Hook.allCases.count

    /// Haraka's name, as plugins, logs and symbols spell it.
    public var name: String {
        switch self {
        case .initMaster: "init_master"
        case .initChild: "init_child"
        case .log: "log"
        case .connectInit: "connect_init"
        case .lookupRDNS: "lookup_rdns"
        case .connect: "connect"
        case .helo: "helo"
        case .ehlo: "ehlo"
        case .capabilities: "capabilities"
        case .quit: "quit"
        case .vrfy: "vrfy"
        case .noop: "noop"
        case .rset: "rset"
        case .mail: "mail"
        case .rcpt: "rcpt"
        case .rcptOK: "rcpt_ok"
        case .data: "data"
        case .maxDataExceeded: "max_data_exceeded"
        case .dataPost: "data_post"
        case .queue: "queue"
        case .queueOutbound: "queue_outbound"
        case .queueOK: "queue_ok"
        case .resetTransaction: "reset_transaction"
        case .unrecognizedCommand: "unrecognized_command"
        case .deny: "deny"
        case .disconnect: "disconnect"
        }
    }

    /// The hook of that name; `-` and `_` are one. Nil: not a hook of the core's.
    public init?(name: String) {
        let wanted = name.contains("-") ? String(name.map { $0 == "-" ? "_" : $0 }) : name
        guard let hook = Hook.allCases.first(where: { $0.name == wanted }) else { return nil }
        self = hook
    }
}

/// What kind of answer a hook can carry out. Custom hooks (reached by NEXT_HOOK) have the rules of
/// `unrecognized_command`.
public struct HookRules: Sendable, Equatable {
    /// Every handler runs, whatever was answered (`connect_init`, `disconnect`).
    public var asksEveryone = false
    /// Runs even after the client has left (`reset_transaction`, `disconnect`, `log`).
    public var isRequired = false
    /// A refusal can be carried out, so a failing plugin refuses (DENYSOFT) rather than accepts.
    public var canRefuse = false
    /// Must be answered before the function returns.
    public var isSynchronous = false
    /// A refusal asks the `deny` hook first.
    public var consultsDeny = true

    public init(_ hook: Hook?) {
        switch hook {
        case .connectInit: asksEveryone = true
        case .disconnect:
            asksEveryone = true
            isRequired = true
        case .resetTransaction: isRequired = true
        case .log:
            isRequired = true
            isSynchronous = true
            consultsDeny = false
        case .initMaster, .initChild:
            isSynchronous = true
            consultsDeny = false
        case .deny: consultsDeny = false
        case .capabilities, .quit, .rset, .queueOK: break
        default: canRefuse = true
        }
    }
}

// What kind of answer each hook can carry out. docs/hooks.md "The chain".

/// What kind of answer a hook can carry out. Custom hooks (reached by NEXT_HOOK) have the rules of
/// `unrecognized_command`.
public struct HookRules: Sendable, Equatable {
    /// Every handler runs, whatever was answered (`connect_init`, `disconnect`).
    public var asksEveryone = false
    /// Runs even after the client has left (`reset_transaction`, `queue_post`, `disconnect`, `post_connection`, `log`).
    public var isRequired = false
    /// A refusal can be carried out, so a failing plugin refuses (DENYSOFT) rather than accepts.
    public var canRefuse = false
    /// Must be answered before the function returns.
    public var isSynchronous = false
    /// A refusal asks the `deny` hook first, and what else ends the hook is told to the hook `ok`.
    public var consultsDeny = true

    public init(_ hook: Hook?) {
        switch hook {
        case .connectInit: asksEveryone = true
        case .disconnect:
            asksEveryone = true
            isRequired = true
        case .resetTransaction, .queuePost, .postConnection: isRequired = true
        case .log, .logging:
            isRequired = true
            isSynchronous = true
            consultsDeny = false
        case .initMaster, .initChild, .postFork:
            isSynchronous = true
            consultsDeny = false
        case .deny, .ok: consultsDeny = false
        // A refusal means that the plugin could not find out: the file counts, and the log says so.
        case .config, .userConfig:
            canRefuse = true
            consultsDeny = false
        // The plugin that asks them answers the client. A refusal is a wrong password, which is not to be pardoned, and
        // the password is no business of `deny` and `ok`.
        case .auth, .authPlain, .authLogin, .authCRAMMD5:
            canRefuse = true
            consultsDeny = false
        case .authParse: consultsDeny = false
        // About a mail that has been accepted: no client is there to be refused. A plugin that cannot say where a mail goes
        // must not send it where DNS says.
        case .getMX:
            canRefuse = true
            consultsDeny = false
        case .preSendTransEmail, .sendEmail, .delivered, .deferred, .bounce: consultsDeny = false
        // A refusal of these is for good (5xx), and a plugin that fails must not refuse for good: the core's own way
        // counts.
        case .heloParse, .ehloParse, .mailParse, .rcptParse, .mailPre, .rcptPre, .help: break
        case .capabilities, .quit, .rset, .queueOK, .receivedLine: break
        default: canRefuse = true
        }
    }
}

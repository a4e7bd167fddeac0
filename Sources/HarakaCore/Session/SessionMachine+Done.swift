// Answers with which a plugin takes the reply out of the core's hands: DONE and DISCONNECT.

import SMTPSyntax

extension SessionMachine {
    /// DISCONNECT: the client goes without a reply. DONE: the plugin has replied by itself, and the core sends nothing.
    /// Nil: the hook has its own way with the answer.
    mutating func endsEarly(_ verdict: Verdict, _ question: Question) -> SessionAction? {
        guard verdict.code == .done || verdict.code == .disconnect else { return nil }
        switch question {
        case .connectInit, .lookupRDNS, .connect, .resetTransaction, .queueOK, .queuePost, .disconnect, .postConnection,
            .preSendTransEmail:
            return nil
        // There is nothing to be said yet.
        case .preConnection, .receivedLine, .dataHeadersEnd: if verdict.code == .done { return nil }
        case .queue, .queueOutbound: noteQueueEnd(verdict.code, verdict.code == .done ? connection.lastReply.text : "")
        default: break
        }
        switch question {
        case .quit: return proceed(.disconnect)
        default: return verdict.code == .done ? done(question) : proceed(.disconnect)
        }
    }

    /// What a command leaves behind whose reply came from a plugin. Was it a refusal, then nothing was accepted; and no
    /// command that ends a transaction loses its reset.
    private mutating func done(_ question: Question) -> SessionAction {
        switch question {
        case .helo: connection.isESMTP = false
        case .ehlo: connection.isESMTP = true
        case .mail: if hasRefused { return proceed(.reset(.read)) }
        case .rcpt, .rcptOK: settleRecipient()
        case .dataPostHeaders, .dataPost, .queuePre, .queue, .queueOutbound, .maxDataExceeded:
            countByReply()
            return hasAnsweredSome ? say(connection.lastReply, then: .reset(.read)) : proceed(.reset(.read))
        case .rset, .data: return proceed(.reset(.read))
        default: break
        }
        return proceed()
    }

    /// LMTP: the plugin has answered for some recipients, but not for all; its last reply is that to the others.
    private var hasAnsweredSome: Bool {
        finalReplies > 0 && finalReplies < connection.transaction?.rcptCount.accept ?? 0
    }

    /// The last reply, which is the plugin's now, said no.
    private var hasRefused: Bool { connection.lastReply.code >= 400 }

    private mutating func settleRecipient() {
        if hasRefused {
            dropRecipient(Verdict(connection.lastReply.code < 500 ? .denySoft : .deny))
        } else {
            keepRecipient()
        }
    }

    private func countByReply() {
        switch connection.lastReply.code {
        case 200..<300: count(.ok)
        case 400..<500: count(.denySoft)
        case 500...: count(.deny)
        default: break
        }
    }
}

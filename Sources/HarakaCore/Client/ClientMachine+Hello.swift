// Greeting, EHLO, XCLIENT. RFC 5321 sections 3.1 and 3.2.

import SMTPSyntax

extension ClientMachine {
    /// Whoever does not want us says so here; another host of the same destination may want us.
    mutating func greeted(_ reply: Reply) -> [ClientAction] {
        guard reply.isPositive else { return refused(reply) }
        return sayHello()
    }

    mutating func sayHello(isLastResort: Bool = false) -> [ClientAction] {
        state = .hello(isLastResort: isLastResort)
        offers = ClientCapabilities()
        let word = settings.isLMTP ? "LHLO" : isLastResort ? "HELO" : "EHLO"
        return [Self.line("\(word) \(ClientCommands.hello(helloName))")]
    }

    /// After XCLIENT it is not we who speak.
    private var helloName: String {
        guard hasSentXCLIENT, let name = settings.xclient?.helo, !name.isEmpty else { return settings.helo }
        return name
    }

    /// RFC 5321 section 3.2: a server that knows no EHLO gets HELO. RFC 2033 has no such way back.
    mutating func helloAnswered(_ reply: Reply, _ isLastResort: Bool) -> [ClientAction] {
        if reply.isPermanent, !isLastResort, !settings.isLMTP { return sayHello(isLastResort: true) }
        guard reply.isPositive else { return refused(reply) }
        serverName = reply.lines.first?.split(separator: " ").first.map(String.init) ?? ""
        if !isLastResort { offers = ClientCapabilities(reply: reply.lines) }
        return introduced()
    }

    /// What is still to be done before messages may be sent, one after the other.
    mutating func introduced() -> [ClientAction] {
        if let actions = secure() { return actions }
        if let actions = introduceClient() { return actions }
        if let actions = authenticate() { return actions }
        state = .idle
        return [.ready]
    }

    /// A greeting or a hello that is none.
    private mutating func refused(_ reply: Reply) -> [ClientAction] {
        guard reply.isRefusal else { return broken(reply) }
        return end(ClientFailure.refusal(reply, stage).elsewhere(), .quit)
    }

    /// Only what the server lists; what it does not know it may refuse as a whole.
    private mutating func introduceClient() -> [ClientAction]? {
        guard let client = settings.xclient, !hasSentXCLIENT else { return nil }
        let known = client.attributes.filter { offers.xclient.contains($0.name) && !$0.value.isEmpty }
        guard !known.isEmpty else { return nil }
        hasSentXCLIENT = true
        state = .xclient
        let words = known.map { " \($0.name)=\(ClientCommands.xtext($0.value))" }
        return [Self.line("XCLIENT\(words.joined())")]
    }

    /// Going on after a refusal would let the server take its client for us, whom it trusts.
    mutating func xclientAnswered(_ reply: Reply) -> [ClientAction] {
        if reply.isPositive { return sayHello() }
        guard reply.isRefusal else { return broken(reply) }
        return end(ClientFailure.refusal(reply, .xclient).asTemporary.elsewhere(), .quit)
    }
}

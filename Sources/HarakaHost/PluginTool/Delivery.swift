// One message from the greeting to the end of the session, hook by hook, as the core asks them.

import HarakaCore
import HarakaPluginHost
import SMTPSyntax

/// The steps of a session, so that two of them can be interleaved.
struct Delivery {
    private let client: CheckClient
    private let content: [UInt8]
    private let recipients: Int
    /// The plugin has refused: what follows is the end.
    private(set) var isRefused = false
    /// The plugin did not answer in time.
    private(set) var isUnanswered = false
    /// What the plugin said.
    private(set) var words: [String] = []

    init(_ client: CheckClient, _ content: [UInt8], recipients: Int = 1) {
        self.client = client
        self.content = content
        self.recipients = recipients
    }

    static let stepCount = 6

    /// Steps one after the other; the caller may do something else in between.
    mutating func step(_ number: Int) {
        switch number {
        case 0: greet()
        case 1: mail()
        case 2: rcpt()
        case 3: data()
        case 4: queue()
        default: quit()
        }
    }

    mutating func whole() { for number in 0..<Delivery.stepCount { step(number) } }

    /// A refusal ends the mail: what follows would never be asked.
    private mutating func ask(_ question: Question) -> HookCode {
        guard let verdict = client.answer(question, question.hook?.name ?? "") else {
            (isUnanswered, isRefused) = (true, true)
            return .cont
        }
        words.append(verdict.reply.text)
        if verdict.code.isRefusal || verdict.code.disconnects { isRefused = true }
        return verdict.code
    }

    private mutating func greet() {
        for question in [Question.connectInit, .lookupRDNS, .connect] where !isRefused { _ = ask(question) }
        guard !isRefused else { return }
        client.greet()
        _ = ask(.ehlo(client.connection.helloHost))
        if !isRefused { _ = ask(.capabilities) }
    }

    private mutating func mail() {
        guard !isRefused else { return }
        client.beginTransaction()
        let sender = client.connection.transaction?.reversePath ?? .null
        client.connection.transaction?.recipients = []
        _ = ask(.mail(PathArguments(address: sender, parameters: [])))
    }

    /// The core takes a recipient that no plugin speaks for as refused; here all are taken, so that the message comes.
    private mutating func rcpt() {
        for index in 0..<recipients where !isRefused {
            let path = PathArguments(
                address: Address(user: "\(client.token)-rcpt\(index)", host: "example.com"), parameters: [])
            client.connection.transaction?.recipients.append(path.address)
            _ = ask(.rcpt(path))
            if !isRefused { _ = ask(.rcptOK(path)) }
        }
    }

    private mutating func data() {
        guard !isRefused else { return }
        _ = ask(.data)
        guard !isRefused else { return }
        client.receive(content)
        _ = ask(.dataPost)
    }

    private mutating func queue() {
        guard !isRefused, ask(.queue) == .ok else { return }
        client.connection.transaction?.status = .accepted
        _ = ask(.queueOK("Message Queued"))
    }

    /// What the core asks whatever was said before.
    private mutating func quit() {
        guard !isUnanswered else { return client.vanish() }
        if client.connection.transaction != nil {
            _ = ask(.resetTransaction)
            client.endTransaction()
        }
        if !isRefused { _ = ask(.quit) }
        _ = ask(.disconnect)
    }
}

// Group `data`: whole messages.

import Glibc
import HarakaCore
import HarakaPluginHost

enum DataTests {
    static let all = [
        PluginTest(.data, "small", "handles a small message", message { Messages.small($0) }),
        PluginTest(.data, "empty", "handles an empty message", message { _ in [] }),
        PluginTest(.data, "large", "handles a message of 1 MiB", message { Messages.large($0) }),
        PluginTest(.data, "headers_only", "handles a message without a body", message { _ in Messages.headersOnly }),
        PluginTest(.data, "eight_bit", "handles bytes that are no text", message { _ in Messages.eightBit }),
        PluginTest(.data, "long_lines", "handles lines of 100,000 bytes", message { _ in Messages.longLines }),
        PluginTest(.data, "recipients", "handles 1000 recipients", message(recipients: 1000) { Messages.small($0) }),
        PluginTest(.data, "interleaved", "keeps two clients apart", interleaved),
        PluginTest(.data, "second", "handles several messages of one client", second),
        PluginTest(.data, "memory", "needs no more memory for each message", memory),
        PluginTest(.data, "descriptors", "leaves no descriptor open for each message", descriptors),
    ]

    /// A session from the greeting to the end with this message. A plugin that refuses it has passed.
    private static func message(
        recipients: Int = 1, _ content: @escaping @Sendable (String) -> [UInt8]
    ) -> @Sendable (TestRun) throws -> Void {
        { run in
            let harness = Harness(run)
            // A thousand deliveries may take their time.
            try harness.load(timeout: recipients > 100 ? 30 : Harness.timeLimit)
            let client = harness.connect()
            var delivery = Delivery(client, content(client.token), recipients: recipients)
            delivery.whole()
            guard !delivery.isUnanswered else {
                return run.warn("needs more than 5 s for \(recipients) recipients", "mail waits meanwhile")
            }
            client.leave()
            if delivery.isRefused { run.note("refuses that message") }
            harness.loop.settle(atMost: 300)
            reportHeld(run, harness)
            harness.finish(.process)
        }
    }

    /// Messages that are held keep their memory or spool file, however long ago the client has gone.
    private static func reportHeld(_ run: TestRun, _ harness: Harness) {
        let streams = harness.host.openStreams
        if streams > 0 {
            run.fail(
                "did not close \(streams) stream\(streams == 1 ? "" : "s")",
                "haraka_table->stream_close each that message_stream or body/1 opened, also where the answer is a refusal"
            )
        }
        let held = TableSpy.heldMessages
        guard held > 0 else { return }
        run.fail(
            "did not release \(held) message\(held == 1 ? "" : "s")",
            "haraka_table->message_release each that message_retain gave, also where the answer is a refusal")
    }

    /// State in static variables: two clients take turns, and nothing of one may be seen at the other.
    private static func interleaved(_ run: TestRun) throws {
        let harness = Harness(run)
        try harness.load()
        let clients = [harness.connect(), harness.connect()]
        var deliveries = clients.map { Delivery($0, Messages.small($0.token)) }
        // Each looked at before its transaction ends.
        for step in 0..<Delivery.stepCount - 1 { for index in 0..<2 { deliveries[index].step(step) } }
        for index in 0..<2 {
            let other = clients[1 - index].token
            let places = clients[index].traces + [("a reply", deliveries[index].words.joined(separator: "\n"))]
            for (place, text) in places where text.contains(other) {
                run.fail(
                    "puts what belongs to one client into \(place) of another",
                    "keep what belongs to a connection in notes or note_set_pointer, not in variables")
            }
        }
        for index in 0..<2 { deliveries[index].step(Delivery.stepCount - 1) }
        harness.finish()
    }

    /// What belongs to a transaction must end with it: five of them on one connection.
    private static func second(_ run: TestRun) throws {
        let harness = Harness(run)
        try harness.load()
        let client = harness.connect()
        client.greet()
        for _ in 0..<5 {
            var delivery = Delivery(client, Messages.small(client.token))
            for step in 1..<Delivery.stepCount - 1 { delivery.step(step) }
            client.answer(.resetTransaction, "reset_transaction")
            client.endTransaction()
        }
        client.leave()
        harness.loop.settle(atMost: 300)
        reportHeld(run, harness)
        harness.finish()
    }

    /// One client after the other with a small message each; less of them where the plugin is slow.
    private static func deliver(_ harness: Harness, _ count: Int) {
        let end = CheckLoop.now() + 3000
        for _ in 0..<count where CheckLoop.now() < end {
            let client = harness.connect()
            var delivery = Delivery(client, Messages.small(client.token))
            delivery.whole()
            client.leave()
        }
        harness.loop.settle(atMost: 500)
    }

    /// Bytes per message that cannot be told from noise.
    private static let tolerance = 2048

    /// After a hundred messages, which fill caches and pools, two hundred more may not cost anything.
    private static func memory(_ run: TestRun) throws {
        let harness = Harness(run)
        try harness.load()
        deliver(harness, 100)
        let before = ProcessMemory.resident
        deliver(harness, 200)
        let growth = (ProcessMemory.resident - before) / 200
        if growth > 4 * tolerance {
            run.fail(
                "grows by \(growth) bytes with each message",
                "free what belongs to a message when its hooks are through")
        } else if growth > tolerance {
            run.warn("grows by \(growth) bytes with each message", "look for what is never freed")
        }
        reportHeld(run, harness)
        harness.finish()
    }

    /// A server that runs for months has no descriptor to lose per message.
    private static func descriptors(_ run: TestRun) throws {
        let harness = Harness(run)
        try harness.load()
        deliver(harness, 10)
        let before = ProcessState().openCount
        deliver(harness, 50)
        let more = ProcessState().openCount - before
        if more >= 10 {
            run.fail("left \(more) descriptors open after 50 messages", "close each, also where something failed")
        }
        harness.finish()
    }
}

extension CheckClient {
    /// Everything that a plugin may have written for this client.
    var traces: [(place: String, text: String)] {
        var traces = [
            ("the notes", "\(connection.notes)"), ("the results", "\(connection.results)"),
        ]
        guard let transaction = connection.transaction else { return traces }
        traces += [
            ("the transaction's notes", "\(transaction.notes)"),
            ("the transaction's results", "\(transaction.results)"),
        ]
        if let bytes = try? transaction.content?.snapshot().bytes(atMost: 65_536) {
            traces.append(("the message", String(decoding: bytes, as: UTF8.self)))
        }
        return traces
    }
}

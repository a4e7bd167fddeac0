// A worker's words to its supervisor, in order, from any thread; the loop does not wait for them to go.

import Dispatch

final class SendQueue: Sendable {
    private let queue = DispatchQueue(label: "link")
    private let link: Link

    init(_ link: Link) { self.link = link }

    func send(_ verb: String, _ fields: [String]) {
        queue.async { [link] in
            // A supervisor that is gone is noticed by who reads.
            link.send(verb, fields)
        }
    }

    /// Waits until all is sent.
    func finish() { queue.sync {} }
}

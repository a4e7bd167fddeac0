// Questions about the queue go on to the worker that delivers; the supervisor reads neither them nor the answers.

import HarakaConfig
import HarakaSupervisor

extension Supervisor {
    /// How long the delivery worker may take, in seconds: holding 100,000 messages is as many writes.
    private static let patience = 60.0

    /// The control socket's `queue ...`: one line of JSON, or why not.
    func queue(_ words: [String], _ answer: @escaping ([String]) -> Void) {
        guard let worker = deliverer else {
            return answer(["no worker delivers mail at this moment; try again", "ERROR"])
        }
        ask(worker, "queue", words, within: Self.patience) { text in
            guard let text else { return answer(["the delivery worker has given no answer; try again", "ERROR"]) }
            answer([text, "OK"])
        }
    }

    /// A plugin in a worker that delivers nothing wants to know. `fields`: the number of its question, then the words.
    func askQueue(for worker: WorkerHandle, _ fields: [String]) {
        guard let number = fields.first else { return }
        queue(Array(fields.dropFirst())) { [weak worker] lines in worker?.link.send("queue_answer", [number] + lines) }
    }

    /// SIGHUP: all that waits is tried now.
    func flushQueue() {
        log(.notice, "SIGHUP received, flushing the queue")
        queue(["act", "retry", "{}"]) { [unowned self] lines in
            let value = ServerStatus.parse(lines.first ?? "")
            let isDone = lines.last == "OK" && value["count"] != nil
            let reason = value["error"]?.text ?? lines.first ?? ""
            if !isDone { log(.error, "the queue was not flushed: \(reason)") }
        }
    }

    /// Of several, for one is being replaced, the newest that serves.
    private var deliverer: WorkerHandle? {
        workers.last { ($0.id.role == .delivery || isInProcess) && $0.state == .serving }
    }
}

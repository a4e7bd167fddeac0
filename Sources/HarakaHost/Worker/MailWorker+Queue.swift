// What the supervisor wants to know about the queue, or done to it. docs/outbound.md "Commands".

import HarakaConfig

extension MailWorker {
    /// `fields`: the number of the question, then its words. On the link's thread.
    func queue(_ fields: [String]) {
        guard let question = fields.first else { return }
        loop.execute { [self] in
            queueQuestions.answer(Array(fields.dropFirst())) { [self] in say("answer", [question, $0.json()]) }
        }
    }
}

// What came of each recipient, and what the client is told.
import HarakaPluginKit

/// All recipients of one mail.
struct Outcomes: Equatable {
    enum Verdict: Equatable {
        /// All have it.
        case delivered(String)
        /// Nobody has it: a refusal with the backend's reply, for now if that holds for anybody.
        case refused(SMTPReply)
        /// Some have it. Nobody may be told that it failed, and nobody that all have it: those who have not are these.
        case rest([Int])
    }

    private var replies: [SMTPReply?]

    init(_ count: Int) { replies = Array(repeating: nil, count: count) }

    /// The reply that decides about these recipients.
    mutating func note(_ reply: SMTPReply, for numbers: [Int]) {
        for number in numbers where replies.indices.contains(number) { replies[number] = reply }
    }

    /// Replies in the order of the numbers; who has none was not answered.
    mutating func note(_ answers: [SMTPReply], for numbers: [Int]) {
        for (index, number) in numbers.enumerated() {
            note(answers.indices.contains(index) ? answers[index] : SMTPReply(0, trouble: .closed), for: [number])
        }
    }

    /// Whether anybody has the mail.
    var hasDelivered: Bool { replies.contains { $0?.isPositive == true } }

    /// The worst of some replies: one that is for now, else one for good; nil: all are positive.
    static func worst(of replies: [SMTPReply]) -> SMTPReply? {
        replies.first { $0.isTemporary || $0.isIntermediate } ?? replies.first { $0.isPermanent }
    }

    /// When all is done. Who was never asked has not got it.
    var verdict: Verdict {
        let replies = self.replies.map { $0 ?? SMTPReply(0, trouble: .failed) }
        guard let worst = Outcomes.worst(of: replies) else { return .delivered(replies.last?.text ?? "") }
        guard replies.contains(where: { $0.isPositive }) else { return .refused(worst) }
        return .rest(replies.indices.filter { !replies[$0].isPositive })
    }
}

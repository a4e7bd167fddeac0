// Haraka's DSN helpers: replies with an enhanced status in their text.

/// A reply with an enhanced status code, as plugins build them (`DSN.no_such_user()` and so on).
///
/// The class of the status is the first digit of the code, so a constructor whose code is changed from 550 to 450
/// changes its status from 5.x.y to 4.x.y.
public struct DSN: Hashable, Sendable {
    /// SMTP reply code.
    public let code: Int
    /// The status that the text begins with.
    public let status: EnhancedStatus
    /// Text behind the status: what was given, or the standard text of the status.
    public let message: String

    /// Haraka's `DSN.create(code, msg, subject, detail)`.
    /// - Parameters:
    ///   - code: 200 to 299 or 400 to 599; 450 is taken for anything else.
    ///   - message: Text for the client, several lines with LF between them; the standard text if nil or empty.
    public static func create(_ code: Int, _ message: String?, _ subject: UInt16, _ detail: UInt16) -> DSN {
        DSN(message, code, Kind(450, subject, detail))
    }

    /// `<class>.<subject>.<detail> <message>`, each line of the message behind the status.
    public var reply: Reply {
        let lines = Reply.lines(of: message).map { "\(status) \($0)" }
        return Reply(code, lines: lines, status: status)
    }

    /// What a named constructor stands for.
    struct Kind {
        let code: Int
        let subject: UInt16
        let detail: UInt16
        /// Instead of the standard text.
        let text: String?

        init(_ code: Int, _ subject: UInt16, _ detail: UInt16, _ text: String? = nil) {
            self.code = code
            self.subject = subject
            self.detail = detail
            self.text = text
        }
    }

    init(_ message: String?, _ code: Int?, _ kind: Kind) {
        let isValid = code.map { (200...299).contains($0) || (400...599).contains($0) } ?? false
        let code = isValid ? code ?? kind.code : kind.code
        let status = EnhancedStatus(class: UInt8(code / 100), subject: kind.subject, detail: kind.detail)
        let given = message.flatMap { $0.isEmpty ? nil : $0 }
        self.code = code
        self.status = status
        self.message = given ?? kind.text ?? status.standardText
    }
}

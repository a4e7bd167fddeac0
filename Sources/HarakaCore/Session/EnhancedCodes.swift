// Enhanced status codes as the session writes them. RFC 3463.

public import SMTPSyntax

extension EnhancedStatus {
    /// class.subject.detail, clamped to their ranges.
    public init(_ class: Int, _ subject: Int, _ detail: Int) {
        self.init(class: UInt8(clamping: `class`), subject: UInt16(clamping: subject), detail: UInt16(clamping: detail))
    }
}

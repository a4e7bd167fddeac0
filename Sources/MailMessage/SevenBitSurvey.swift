// The first reading of a message that has to become 7-bit: what does each part need?

/// Reads a message and makes the plan for ``SevenBitForm``. Not for several threads at once.
public final class SevenBitSurvey {
    private let reader = NestedMessage(SevenBitSurveyor(depth: 0))

    public init() {}

    /// The next bytes of the message, which begins with its header.
    public func append(_ bytes: UnsafeRawBufferPointer) { reader.feed(bytes) }

    /// The message has ended. Once.
    public func finish() throws(SevenBitObstacle) -> SevenBitPlan {
        reader.finish()
        if let obstacle = reader.visitor.obstacle { throw obstacle }
        return reader.visitor.plan
    }
}

/// Looks at each part of one message.
struct SevenBitSurveyor: SevenBitVisitor {
    /// Messages inside messages; each costs a walk of its own.
    private static let deepest = 20
    /// Steps of one message, and messages inside it.
    private static let mostSteps = 10_000

    private(set) var plan = SevenBitPlan()
    /// The first that was found.
    private(set) var obstacle: SevenBitObstacle?
    private let depth: Int
    private var facts: PartFacts?
    private var check = SevenBitCheck()
    private var nested: NestedMessage<SevenBitSurveyor>?
    /// The next structure is the header of a part.
    private var isHeaderNext = false

    init(depth: Int) { self.depth = depth }

    mutating func messageHeader(_ bytes: UnsafeRawBufferPointer) { checkHeader(bytes) }

    mutating func began(_ part: PartFacts, header: HeaderBlock, at place: PartPlace) {
        isHeaderNext = place.parent != nil && place.content > place.header.lowerBound
        guard part.boundaryBytes.isEmpty else {
            // Delimiters would have to be changed.
            if part.boundaryBytes.contains(where: { $0 > 0x7F }) { stop(.header) }
            if part.declaresMore { plan.steps[part.index] = .declare }
            return
        }
        facts = part
        check = SevenBitCheck()
        nested = nil
        guard part.isMessage else { return }
        if depth < SevenBitSurveyor.deepest {
            nested = NestedMessage(SevenBitSurveyor(depth: depth + 1))
        } else {
            stop(.structure)
        }
    }

    mutating func content(_ part: Int, _ bytes: UnsafeRawBufferPointer) {
        guard obstacle == nil else { return }
        if let nested { nested.feed(bytes) } else { check.read(bytes) }
    }

    mutating func ended(_ part: Int, _ end: PartEnd) {
        guard let facts, facts.index == part else { return }
        self.facts = nil
        if let nested {
            self.nested = nil
            nested.finish()
            leave(nested.visitor, facts)
        } else {
            check.finish()
            if check.isClean {
                if facts.declaresMore { plan.steps[part] = .declare }
            } else {
                encode(facts)
            }
        }
        if plan.steps.count > SevenBitSurveyor.mostSteps { stop(.structure) }
    }

    mutating func structure(_ bytes: UnsafeRawBufferPointer) {
        if isHeaderNext {
            isHeaderNext = false
            checkHeader(bytes)
        } else if !plan.cleansStructure {
            plan.cleansStructure = bytes.contains { $0 > 0x7F || $0 == 0 }
        }
    }

    mutating func messageEnded(isOverfull: Bool) {
        // The part at hand holds others that would be encoded with it.
        if isOverfull, !plan.isEmpty { stop(.structure) }
    }

    private mutating func checkHeader(_ bytes: UnsafeRawBufferPointer) {
        if bytes.contains(where: { $0 > 0x7F || $0 == 0 }) { stop(.header) }
        if bytes.count > BodyLimits.conversion.header { stop(.structure) }
    }

    private mutating func leave(_ inner: SevenBitSurveyor, _ facts: PartFacts) {
        if let found = inner.obstacle { return stop(found) }
        if !inner.plan.isEmpty {
            plan.steps[facts.index] = .enter(inner.plan)
        } else if facts.declaresMore {
            plan.steps[facts.index] = .declare
        }
    }

    /// RFC 2045 section 6.4, RFC 2046 section 5.2: what is composed of parts, or refers to others, is never encoded.
    private mutating func encode(_ facts: PartFacts) {
        let type = facts.contentType
        if facts.isMultipart || type == "message/partial" || type == "message/external-body" {
            return stop(.part(type))
        }
        switch TransferCoding(facts.encoding) {
        case .base64: plan.steps[facts.index] = .encode(as: "base64")
        case .quotedPrintable: plan.steps[facts.index] = .encode(as: "quoted-printable")
        case .identity where !facts.isUnencoded: stop(.encoding(facts.encoding))
        case .identity:
            let isText = facts.isText || type.utf8.starts(with: "message/".utf8)
            plan.steps[facts.index] = .encode(as: isText ? "quoted-printable" : "base64")
        }
    }

    private mutating func stop(_ found: SevenBitObstacle) { obstacle = obstacle ?? found }
}

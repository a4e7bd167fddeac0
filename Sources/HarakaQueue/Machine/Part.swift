// A part in memory: a mail's recipients of one domain, what they wait for, and what it may turn into.

/// A message and those of its recipients who are tried together: Haraka's hmail.
struct Part: Linked, Timed {
    enum State: UInt8 {
        /// In the heap, until its time comes.
        case later
        /// Its time has come; in its domain's list, until its site has a slot.
        case ready
        /// The caller has it.
        case active
        /// Its mail is held.
        case held
        /// To be given to the caller for a bounce; in the list of those.
        case ending
    }

    /// Not before: milliseconds since 1970. What has been ready for long is so since then.
    var time: Int64 = 0
    var mail = nothing
    var domain = nothing
    /// Whose slot it has; only while active.
    var site = nothing
    var next = nothing
    var previous = nothing
    /// The next part of the same mail.
    var sibling = nothing
    /// Tells it from others that had its number before.
    var serial: UInt32 = 0
    /// What its uuid ends in.
    var ordinal: UInt32 = 1
    /// Its recipients' numbers: most parts have one.
    var firstRecipient: UInt32 = 0
    /// What the last attempt ended with.
    var lastError = nothing
    var otherRecipients: [UInt32] = []
    var failures: UInt16 = 0
    var state = State.later
    var purpose = QueuePart.Purpose.attempt
    /// Deleted while it was under way: when it comes back, nobody waits any more.
    var isDeleted = false

    /// In a heap it is in no list.
    var place: UInt32 {
        get { previous }
        set { previous = newValue }
    }

    /// While active it is in no list, either: how often its site had failed when it began.
    var epoch: UInt32 {
        get { next }
        set { next = newValue }
    }

    var numbers: [Int] { [Int(firstRecipient)] + otherRecipients.map(Int.init) }
    var recipientCount: Int { 1 + otherRecipients.count }

    /// Not with an empty list: such a part is no more.
    mutating func set(_ numbers: [Int]) {
        guard let first = numbers.first else { return }
        firstRecipient = UInt32(truncatingIfNeeded: first)
        otherRecipients = numbers.dropFirst().map { UInt32(truncatingIfNeeded: $0) }
    }
}

/// Texts that many parts share, counted. There is room for a limited number of them: what else was said is in the
/// files.
struct SharedTexts {
    private struct Text: Slot {
        var text = ""
        var uses = 0
    }

    /// Servers that put a number of theirs into each reply must not fill the memory.
    private static let limit = 4096
    /// Bytes of each.
    private static let longest = 160

    private var texts = Slab<Text>()
    private var numbers: [String: UInt32] = [:]

    subscript(number: UInt32) -> String { number == nothing ? "" : texts[number].text }

    /// The number of a text, which is now used once more; ``nothing``: it is not kept.
    mutating func take(_ text: String) -> UInt32 {
        let kept = Self.shortened(text)
        if let number = numbers[kept] {
            texts[number].uses += 1
            return number
        }
        guard !kept.isEmpty, texts.count < Self.limit else { return nothing }
        let number = texts.insert(Text(text: kept, uses: 1))
        numbers[kept] = number
        return number
    }

    /// Cut between characters, so that what was cut is itself when it is taken once more.
    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > longest else { return text }
        // An end within a character is rounded down to its beginning.
        return String(text[..<text.utf8.index(text.startIndex, offsetBy: longest)])
    }

    /// Once for each ``take(_:)``: a number that nobody uses is given out again.
    mutating func release(_ number: UInt32) {
        guard number != nothing else { return }
        texts[number].uses -= 1
        guard texts[number].uses == 0 else { return }
        numbers[texts[number].text] = nil
        texts.remove(number)
    }
}

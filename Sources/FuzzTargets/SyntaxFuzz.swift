// Entry points for a fuzzer: each takes any bytes and traps if an invariant of the pure rooms breaks.

import SMTPSyntax

/// Lines are the same whether the bytes come at once or one by one, and none is longer than the limit.
/// - Parameter bytes: Policy, limit, then what a client sends.
public func fuzzLineDecoder(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 2 else { return }
    let policy = BareNewlinePolicy(fuzzed: bytes[0])
    let limit = Int(bytes[1])
    let input = UnsafeRawBufferPointer(rebasing: bytes[2...])
    let atOnce = lineEvents(input, LineDecoder(limit: limit, bareNewline: policy), step: input.count)
    let byteWise = lineEvents(input, LineDecoder(limit: limit, bareNewline: policy), step: 1)
    precondition(atOnce == byteWise, "lines depend on how the bytes arrive")
    var start = 0
    for event in atOnce {
        guard let consumed = event.consumed else { break }
        if case .skipped = event {
            precondition(consumed > 0 && start + consumed <= input.count, "skipped is out of range")
            precondition(policy == .reject, "something is skipped that need not be")
            start += consumed
            continue
        }
        precondition(consumed > 0 && consumed <= limit && start + consumed <= input.count, "consumed is out of range")
        precondition(input[start + consumed - 1] == 0x0A, "a line that does not end in LF")
        if case .line(let length, _) = event {
            let line = input[start..<(start + length)]
            precondition(!line.contains(0x0A), "LF inside a line")
            precondition(consumed - length <= 2, "bytes lost between line and end")
            let isClean = !line.contains(0x0D) && consumed - length == 2
            precondition(policy != .reject || isClean, "bare newline let through")
        }
        start += consumed
    }
}

/// All lines of `input`, shown to the decoder in growing pieces of `step` bytes.
private func lineEvents(_ input: UnsafeRawBufferPointer, _ decoder: LineDecoder, step: Int) -> [LineDecoder.Event] {
    var decoder = decoder
    var events: [LineDecoder.Event] = []
    var start = 0
    var end = 0
    while true {
        let event = decoder.next(UnsafeRawBufferPointer(rebasing: input[start..<end]))
        if let consumed = event.consumed {
            start += consumed
        } else if event == .tooLong || end == input.count {
            return events + [event]
        } else {
            end = min(end + max(step, 1), input.count)
            continue
        }
        // How a skipped rest is cut depends on how it came; its length does not.
        if case .skipped(let more) = event, case .skipped(let before)? = events.last {
            events[events.count - 1] = .skipped(consumed: before + more)
        } else {
            events.append(event)
        }
    }
}

extension LineDecoder.Event {
    fileprivate var consumed: Int? {
        switch self {
        case .line(_, let consumed), .bareNewline(let consumed), .skipped(let consumed): consumed
        case .needMore, .tooLong: nil
        }
    }
}

extension BareNewlinePolicy {
    fileprivate init(fuzzed octet: UInt8) {
        let all = BareNewlinePolicy.allCases
        self = all[Int(octet) % all.count]
    }
}

/// What a decoder made of one message.
private struct Decoded: Equatable {
    var content: [UInt8] = []
    var consumed = 0
    var ended = false
    var sawBareNewline = false
    var longestLine = 0

    init(_ input: UnsafeRawBufferPointer, _ policy: BareNewlinePolicy, step: Int) {
        var decoder = DataDecoder(bareNewline: policy)
        while consumed < input.count, !ended {
            let chunk = input[consumed..<min(consumed + step, input.count)]
            let progress = decoder.decode(UnsafeRawBufferPointer(rebasing: chunk)) { content += $0 }
            precondition(progress.ended || progress.consumed == chunk.count, "a byte is needed twice")
            consumed += progress.consumed
            ended = progress.ended
        }
        sawBareNewline = decoder.sawBareNewline
        longestLine = decoder.longestLine
    }
}

/// Content is the same however the bytes are split, and only CR LF `.` CR LF ends it.
/// - Parameter bytes: Policy, then what a client sends after DATA.
public func fuzzDataDecoder(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    let policy = BareNewlinePolicy(fuzzed: first)
    let input = UnsafeRawBufferPointer(rebasing: bytes[1...])
    let whole = Decoded(input, policy, step: max(input.count, 1))
    for step in [1, 2, 3, 5, 17] {
        precondition(Decoded(input, policy, step: step) == whole, "content depends on how the bytes arrive")
    }
    let seen = [0x0D, 0x0A] + Array(input)
    let mark: [UInt8] = [0x0D, 0x0A, 0x2E, 0x0D, 0x0A]
    let end = seen.indices.first { seen[$0...].starts(with: mark) }.map { $0 + 3 }
    precondition(whole.ended == (end != nil), "ended without an end, or missed it")
    precondition(whole.consumed == end ?? input.count, "ended in the wrong place")
    if policy == .replace { precondition(!hasBareNewline(whole.content), "a bare newline was not replaced") }
    if policy == .reject, !whole.sawBareNewline {
        precondition(!hasBareNewline(whole.content), "a bare newline was not noticed")
    }
}

/// A CR as the last byte does not count: its LF may be still to come.
private func hasBareNewline(_ content: [UInt8]) -> Bool {
    content.indices.contains { index in
        let isBareLF = content[index] == 0x0A && (index == 0 || content[index - 1] != 0x0D)
        let isBareCR = content[index] == 0x0D && index + 1 < content.count && content[index + 1] != 0x0A
        return isBareLF || isBareCR
    }
}

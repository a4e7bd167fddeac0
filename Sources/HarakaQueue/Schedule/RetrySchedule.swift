// When a delivery that failed for now is tried again: Haraka's temp_fail_intervals. docs/outbound.md "Retries".

/// How long is waited after the first failure, the second, and so on, until nobody tries any more.
public struct RetrySchedule: Sendable, Equatable {
    /// Milliseconds after each failure, the first one first. Empty: one attempt and no more.
    public let delays: [Int64]

    /// Haraka's schedule: 64, 128, 256 ... 131072 seconds, about three days in all.
    public static let usual = RetrySchedule(maxTempFailures: 13)
    /// `none`: what fails once has failed.
    public static let once = RetrySchedule(delays: [])

    private init(delays: [Int64]) { self.delays = delays }

    /// Haraka's `maxTempFailures`: the delay doubles from 64 seconds on. There is one attempt more than delays; 20 of
    /// them are enough for two years, and what goes beyond counts as 20.
    public init(maxTempFailures: Int) {
        let retries = min(max(maxTempFailures, 1), 20) - 1
        delays = (0..<retries).map { 64_000 << Int64($0) }
    }

    /// Milliseconds to wait after the n-th failure, n from 1 on; nil: give up.
    public func delay(afterFailures failures: Int) -> Int64? {
        failures >= 1 && failures <= delays.count ? delays[failures - 1] : nil
    }

    /// Milliseconds from the attempt after `failures` failures until it would be given up, if all fail at once.
    public func remaining(afterFailures failures: Int) -> Int64 {
        delays.dropFirst(max(failures, 0)).reduce(0) { $0 &+ $1 }
    }

    /// The longest delay; 0: there is none.
    public var longest: Int64 { delays.max() ?? 0 }
}

/// What is wrong in the text of a schedule.
public struct ScheduleError: Error, Equatable, Sendable {
    /// Bytes before the part that is wrong.
    public let offset: Int
    /// `expected ...`.
    public let expected: String
}

extension RetrySchedule {
    /// Delays that one schedule may have, and the longest in seconds: more is a slip of the keyboard.
    private static let limit = 1000
    private static let longestSeconds: Int64 = 365 * 86_400

    /// Reads `1m, 5m*2, 1h*3`: numbers with the unit s, m, h or d, each at least 5 seconds, and how often. `none`: no
    /// delay.
    public init(_ text: String) throws(ScheduleError) {
        let bytes = Array(text.utf8)
        if Self.trimmed(bytes[...]).elementsEqual("none".utf8) {
            self = .once
            return
        }
        var delays: [Int64] = []
        for element in bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let (delay, count) = try Self.element(element)
            guard delays.count + count <= Self.limit else {
                throw ScheduleError(offset: element.startIndex, expected: "expected at most \(Self.limit) intervals")
            }
            delays += repeatElement(delay, count: count)
        }
        self.delays = delays
    }

    /// `5m*2`: milliseconds, and how often.
    private static func element(_ bytes: ArraySlice<UInt8>) throws(ScheduleError) -> (Int64, Int) {
        let parts = bytes.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        guard parts.count <= 2 else {
            throw ScheduleError(offset: parts[2].startIndex - 1, expected: "expected one * in an interval, as in 5m*2")
        }
        let delay = try delay(trimmed(bytes.prefix(upTo: parts[0].endIndex)))
        guard parts.count == 2 else { return (delay, 1) }
        let times = trimmed(parts[1])
        guard let count = number(times), (1...Int64(limit)).contains(count) else {
            throw ScheduleError(offset: times.startIndex, expected: "expected how often, 1 to \(limit), as in 5m*2")
        }
        return (delay, Int(count))
    }

    /// `5m` in milliseconds.
    private static func delay(_ bytes: ArraySlice<UInt8>) throws(ScheduleError) -> Int64 {
        guard let number = number(bytes.dropLast()), let unit = bytes.last.flatMap(unit) else {
            let expected = "expected a number with s, m, h or d behind it, as in 5m, or none alone"
            throw ScheduleError(offset: bytes.startIndex, expected: expected)
        }
        let (seconds, isTooLong) = number.multipliedReportingOverflow(by: unit)
        guard !isTooLong, seconds <= longestSeconds else {
            throw ScheduleError(offset: bytes.startIndex, expected: "expected at most 365d")
        }
        guard seconds >= 5 else { throw ScheduleError(offset: bytes.startIndex, expected: "expected at least 5s") }
        return seconds * 1000
    }

    private static func unit(_ byte: UInt8) -> Int64? {
        switch byte {
        case UInt8(ascii: "s"): 1
        case UInt8(ascii: "m"): 60
        case UInt8(ascii: "h"): 3600
        case UInt8(ascii: "d"): 86_400
        default: nil
        }
    }

    /// Digits and nothing else.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard !bytes.isEmpty, bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(String(decoding: bytes, as: UTF8.self))
    }

    /// Without blanks at both ends; of nothing but blanks, the end.
    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return bytes[bytes.endIndex...] }
        return bytes[first...last]
    }
}

extension RetrySchedule {
    /// What is wrong in a text; nil: it is a schedule. For who reads outbound.ini without knowing this room.
    public static func mistake(in text: String) -> (offset: Int, expected: String)? {
        do throws(ScheduleError) {
            _ = try RetrySchedule(text)
            return nil
        } catch { return (error.offset, error.expected) }
    }
}

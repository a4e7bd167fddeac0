// One line of log, before it is bytes.

/// One line of log: what a `log` hook sees and what the writer writes.
public struct LogLine: Sendable, Equatable {
    /// How urgent it is.
    public var level: LogLevel
    /// The uuid of the connection, transaction or queued message that the line is about; `-` if none.
    public var uuid: String
    /// The plugin that speaks, or `core`.
    public var origin: String
    /// What happened. May hold anything: what is written is one line in any case.
    public var message: String
    /// Named details, in order. Those that hold secrets are never written; see ``isSecret(_:)``.
    public var fields: [(String, String)]

    /// A line about `uuid`, from `origin`.
    public init(
        _ level: LogLevel, uuid: String = "-", origin: String = "core", _ message: String,
        fields: [(String, String)] = []
    ) {
        self.level = level
        self.uuid = uuid
        self.origin = origin
        self.message = message
        self.fields = fields
    }

    /// Message and fields as the default format shows them, without secrets.
    public var text: String {
        var bytes: [UInt8] = []
        Presentation().encodeText(self, &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether a field of this name holds a secret: `password`, `auth_pass`, `auth_passwd`, in any case.
    public static func isSecret(_ field: String) -> Bool {
        // Most names differ in length already: nothing is allocated for them.
        guard (8...11).contains(field.utf8.count) else { return false }
        return secrets.contains(field.lowercased())
    }

    private static let secrets = ["password", "auth_pass", "auth_passwd"]

    /// Equal in all parts; the fields in the same order.
    public static func == (left: LogLine, right: LogLine) -> Bool {
        left.level == right.level && left.uuid == right.uuid && left.origin == right.origin
            && left.message == right.message && left.fields.elementsEqual(right.fields, by: ==)
    }
}

/// A moment of the wall clock, as a log shows it.
public struct LogTime: Sendable, Equatable {
    /// Seconds since 1970-01-01 00:00:00 UTC, not before it.
    public var seconds: Int64
    /// Thousandths of a second beyond them, 0 to 999.
    public var milliseconds: Int

    /// A moment.
    public init(seconds: Int64, milliseconds: Int) {
        self.seconds = seconds
        self.milliseconds = milliseconds
    }

    /// Appends `2026-11-21T09:30:00.123Z`.
    func append(to bytes: inout [UInt8]) {
        let now = max(seconds, 0)
        let (year, month, day) = Self.date(daysSince1970: now / 86_400)
        let second = now % 86_400
        Self.append(year, width: 4, then: "-", to: &bytes)
        Self.append(month, width: 2, then: "-", to: &bytes)
        Self.append(day, width: 2, then: "T", to: &bytes)
        Self.append(second / 3600, width: 2, then: ":", to: &bytes)
        Self.append(second / 60 % 60, width: 2, then: ":", to: &bytes)
        Self.append(second % 60, width: 2, then: ".", to: &bytes)
        Self.append(Int64(milliseconds), width: 3, then: "Z", to: &bytes)
    }

    /// The Gregorian date, by counting 400-year cycles from a year that begins in March, so that the leap day is last.
    private static func date(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days &+ 719_468  // from 0000-03-01
        let cycle = shifted / 146_097
        let dayOfCycle = shifted % 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// Appends a number with leading zeros, and a mark.
    private static func append(_ number: Int64, width: Int, then mark: Unicode.Scalar, to bytes: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
        bytes.append(UInt8(ascii: mark))
    }
}

// One line as syslog takes it.
import HarakaPluginKit

/// `<22>Nov 21 07:06:24 haraka[4711]: [INFO] [uuid] [origin] message`, as RFC 3164 section 4.1 and libc have it, but for
/// the name of the machine, which local lines do not carry.
struct LineFormat: Sendable {
    private let facility: Int32
    /// `haraka[4711]: `
    private let tag: [UInt8]

    init(_ settings: Settings, process: Int64) {
        facility = settings.facility
        tag = Array((settings.name + (settings.showsProcess ? "[\(process)]: " : ": ")).utf8)
    }

    /// `priority` is Haraka's, 0 to 9: the first eight are syslog's, the others are debug to it. `time` is a local time as
    /// 20240229235959.
    func line(priority: Int64, time: Int64, _ parts: LogLine) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(64 + tag.count + parts.data.count)
        line += "<\(Int64(facility) | min(max(priority, 0), 7))>".utf8
        append(time, to: &line)
        line += tag
        for word in [parts.level, parts.uuid, parts.origin] {
            line.append(UInt8(ascii: "["))
            append(word, to: &line)
            line += [UInt8(ascii: "]"), 0x20]
        }
        append(parts.data, to: &line)
        return line
    }

    /// Whatever the text is, the line stays one line.
    private func append(_ text: Text, to line: inout [UInt8]) {
        for byte in text.bytes { line.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte) }
    }

    private func append(_ time: Int64, to line: inout [UInt8]) {
        let names: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
        let month = Int(min(max(time / 100_000_000 % 100, 1), 12))
        for index in (3 * month - 3)..<(3 * month) { line.append(names.utf8Start[index]) }
        let day = time / 1_000_000 % 100
        line += day < 10 ? [0x20, 0x20] : [0x20]
        line += "\(day) ".utf8
        for (index, part) in [time / 10_000 % 100, time / 100 % 100, time % 100].enumerated() {
            if index > 0 { line.append(UInt8(ascii: ":")) }
            if part < 10 { line.append(UInt8(ascii: "0")) }
            line += "\(part)".utf8
        }
        line.append(0x20)
    }
}

/// What the hook `log` is given, lent.
struct LogLine {
    let level: Text, uuid: Text, origin: Text, data: Text
}

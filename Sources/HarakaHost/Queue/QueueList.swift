// `haraka queue list`: a line for each message and domain, or JSON of all that is known of it.

import Glibc
import HarakaConfig

/// Prints row after row, so that a long list needs no memory.
final class QueueList {
    private let json: Bool
    private var isFirst = true
    private let now = QueueWords.now()

    init(json: Bool) { self.json = json }

    func show(_ row: ConfigValue) {
        if json {
            print(isFirst ? "[" : ",", terminator: isFirst ? "\n" : "\n")
            print(row.json(), terminator: "")
        } else {
            print(text(row))
        }
        isFirst = false
    }

    /// After the last row.
    func end() {
        guard json else { return }
        print(isFirst ? "[]" : "\n]")
    }

    private func text(_ row: ConfigValue) -> String {
        let age = QueueWords.span(now - (row["queue_time"]?.integer ?? now))
        let to = row["to"]?.texts ?? []
        let target = to.count == 1 ? "<\(to[0])>" : "\(row["domain"]?.text ?? "") (\(to.count) recipients)"
        var text = "\(row["uuid"]?.text ?? "")  \(PluginList.pad(age, 10))"
        text += " \(PluginList.pad(QueueWords.size(row["size"]?.integer ?? 0), 9))"
        text += " <\(row["from"]?.text ?? "")> to \(target)\n    \(QueueWords.state(row, now))"
        if let error = row["error"]?.text, !error.isEmpty { text += "; last time: \(QueueWords.oneLine(error))" }
        return text
    }
}

/// Times, sizes and states as people read them.
enum QueueWords {
    /// Milliseconds since 1970.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// What a row's state means and when something happens.
    static func state(_ row: ConfigValue, _ now: Int64) -> String {
        let count = row["attempts"]?.integer ?? 0
        let failures = count == 0 ? "" : count == 1 ? "1 attempt failed, " : "\(count) attempts failed, "
        switch row["state"]?.text ?? "" {
        case "held": return "\(failures)held until it is released"
        case "active": return "\(failures)being delivered now"
        default: return failures + next(row["next_attempt"]?.integer ?? 0, now)
        }
    }

    /// When it is tried again.
    static func next(_ time: Int64, _ now: Int64) -> String {
        time > now ? "next attempt \(clock(time)) (in \(span(time - now)))" : "due now"
    }

    /// Of milliseconds.
    static func span(_ milliseconds: Int64) -> String {
        let all = max(0, milliseconds) / 1000
        let (days, hours, minutes) = (all / 86_400, all / 3600 % 24, all / 60 % 60)
        if days > 0 { return "\(days) d \(hours) h" }
        if hours > 0 { return "\(hours) h \(minutes) min" }
        return minutes > 0 ? "\(minutes) min" : "\(all) s"
    }

    static func size(_ bytes: Int64) -> String {
        if bytes < 1000 { return "\(bytes) B" }
        let (unit, name) = bytes < 1_000_000 ? (1000.0, "kB") : (1_000_000.0, "MB")
        return "\((Double(bytes) / unit * 10).rounded() / 10) \(name)"
    }

    /// Local time of milliseconds since 1970.
    static func clock(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 64)
        strftime(&text, 64, "%Y-%m-%d %H:%M:%S", &parts)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// A peer's words on a terminal: no controls, one line.
    static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }
}

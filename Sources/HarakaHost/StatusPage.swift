// `haraka -c DIR status`: the running server on one page, for people. docs/command-line.md "Status".

import Glibc
import HarakaConfig

enum StatusPage {
    /// Exit status 0 if a server answered.
    static func show(_ folder: Folder, json: Bool) -> Int32 {
        guard let (lines, isOK) = ControlClient.ask("status", folder) else { return 255 }
        guard isOK, let line = lines.first else {
            Terminal.error(lines.joined(separator: "\n"))
            return 1
        }
        if json {
            print(line)
        } else {
            show(JSONParser.parse(Array(line.utf8), file: "status").value)
        }
        return 0
    }

    private static func show(_ status: ConfigValue) {
        let where_ = (status["listening"]?.texts ?? []).joined(separator: ", ")
        print(
            "Haraka for Swift \(status.text("version")), process \(status.text("pid")), up \(duration(status.double("uptime")))"
        )
        print("listening on \(where_); plugin generation \(status.text("generation"))")
        print("")
        for worker in status["workers"]?.list ?? [] { show(worker: worker) }
        print("")
        for plugin in status["plugins"]?.list ?? [] { show(plugin: plugin) }
        let crashes = status["crashes"]?.list ?? []
        if !crashes.isEmpty { print("\nlast crashes") }
        for crash in crashes {
            print("  \(time(crash.double("time")))  \(crash.text("summary")) [\(crash.text("worker"))]")
        }
    }

    private static func show(worker: ConfigValue) {
        let name = "\(worker.text("role")) \(worker.text("slot"))"
        var text = "worker \(PluginList.pad(name, 12)) process \(PluginList.pad(worker.text("pid"), 8))"
        text += "\(PluginList.pad(worker.text("state"), 9)) generation \(worker.text("generation")),"
        text += " \(worker.text("connections")) connections, up \(duration(worker.double("uptime")))"
        let generations = (worker["generations"]?.list ?? []).filter { $0.text("state") != "current" }
        for one in generations {
            text += "; generation \(one.text("number")) \(one.text("state")) with \(one.text("connections"))"
        }
        let inert = worker["inert"]?.integer ?? 0
        if inert > 0 { text += "; \(inert) old plugins stay mapped" }
        print(text)
    }

    private static func show(plugin: ConfigValue) {
        let hash = String(plugin.text("hash").prefix(12))
        var text =
            "plugin \(PluginList.pad(plugin.text("name"), 30)) \(hash)  \(PluginList.pad(plugin.text("state"), 9))"
        text += "limit \(plugin.text("timeout")) s"
        if let crashes = plugin["crashes"]?.integer, crashes > 0 { text += ", crashed \(crashes) times" }
        print(text)
        if let reason = plugin["reason"]?.text { print("    because \(reason)") }
        for hook in plugin["hooks"]?.list ?? [] {
            var line = "    \(PluginList.pad(hook.text("hook"), 24)) \(PluginList.pad(hook.text("calls"), 10)) calls"
            if (hook["sampled"]?.integer ?? 0) > 0 {
                line +=
                    "  p50 \(micro(hook.double("p50_us")))  p99 \(micro(hook.double("p99_us")))  max \(micro(hook.double("max_us")))"
            }
            if let pending = hook["pending"]?.integer, pending > 0 {
                line += "; \(pending) answered later: p50 \(micro(hook.double("pending_p50_ms") * 1000))"
                line +=
                    "  p99 \(micro(hook.double("pending_p99_ms") * 1000))  max \(micro(hook.double("pending_max_ms") * 1000))"
            }
            print(line)
        }
    }

    // MARK: words

    private static func micro(_ value: Double) -> String {
        if value < 1000 { return "\((value * 10).rounded() / 10) us" }
        if value < 1_000_000 { return "\((value / 100).rounded() / 10) ms" }
        return "\((value / 100_000).rounded() / 10) s"
    }

    private static func duration(_ seconds: Double) -> String {
        let all = Int(seconds)
        let (days, hours, minutes) = (all / 86_400, all / 3600 % 24, all / 60 % 60)
        if days > 0 { return "\(days) d \(hours) h" }
        if hours > 0 { return "\(hours) h \(minutes) min" }
        return minutes > 0 ? "\(minutes) min \(all % 60) s" : "\(all) s"
    }

    private static func time(_ seconds: Double) -> String {
        var clock = time_t(seconds)
        var parts = tm()
        localtime_r(&clock, &parts)
        var text = [CChar](repeating: 0, count: 64)
        strftime(&text, 64, "%Y-%m-%d %H:%M:%S", &parts)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension ConfigValue {
    /// As a person reads it; empty if there is none.
    fileprivate func text(_ key: String) -> String {
        if let number = self[key]?.number, number == number.rounded(), abs(number) < 1e15 { return "\(Int(number))" }
        return self[key]?.text ?? ""
    }
    fileprivate func double(_ key: String) -> Double { self[key]?.number ?? 0 }
}

// Posts, timers, jobs, clocks, and the regex/1 service. plugin.h "time and work", "regex/1".

import HarakaPluginABI

extension PluginHost {
    func fillWork() {
        table.pointee.post = { me, callback in
            guard let host = PluginHost.shared else { return HARAKA_E_REVOKED }
            guard let callback = PluginCallback(callback) else { return HARAKA_E_ARGUMENT }
            guard let identity = host.identity(me) else { return HARAKA_E_HANDLE }
            guard identity.beginPost() else { return HARAKA_E_REVOKED }
            let handle = Handle(bits: me.bits)
            let plugin = Handle(.plugin, slot: handle.slot, sequence: handle.sequence).bits
            host.inbox.put(.post(plugin: plugin, identity, callback))
            return HARAKA_SUCCESS
        }
        table.pointee.timer_start = { me, delay, period, callback, out in
            PluginHost.withPlugin(me) { host, plugin in
                guard let callback = PluginCallback(callback), delay >= 0, period >= 0 else { return HARAKA_E_ARGUMENT }
                guard plugin.work.count < 100_000 else { return HARAKA_E_LIMIT }
                // A period of less than a millisecond would starve the loop; the clock has no finer step.
                let work = PluginWork(.timer, host, plugin, callback, period: period)
                guard let handle = work.startTimer(after: delay) else { return HARAKA_E_LIMIT }
                out?.pointee = haraka_timer(bits: handle.bits)
                return HARAKA_SUCCESS
            }
        }
        table.pointee.timer_cancel = { timer in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let work = host.timers.find(timer.bits) else { return HARAKA_E_HANDLE }
            work.end()
            return HARAKA_SUCCESS
        }
        table.pointee.offload = { me, work, callback in
            PluginHost.withPlugin(me) { host, plugin in
                guard let work, let callback = PluginCallback(callback) else { return HARAKA_E_ARGUMENT }
                PluginWork(.job, host, plugin, callback).startJob(work)
                return HARAKA_SUCCESS
            }
        }
        table.pointee.wall_clock = { Clock.wall() }
        table.pointee.monotonic_clock = { Clock.monotonic() }
        table.pointee.process_title = { me, title in
            PluginHost.withPlugin(me) { host, plugin in
                guard let title = title.text else { return HARAKA_E_ARGUMENT }
                guard let show = host.setProcessTitle else { return HARAKA_E_UNSUPPORTED }
                // Whoever reads it with ps has a terminal.
                let shown = title.unicodeScalars.prefix(PluginHost.maximumTitle).filter { !$0.isControl }
                show(String(String.UnicodeScalarView(shown)))
                return HARAKA_SUCCESS
            }
        }
    }

    /// Longer titles are cut.
    private static let maximumTitle = 1024

    static func withPlugin(_ me: haraka_self, _ body: (PluginHost, Plugin) -> Int32) -> Int32 {
        guard let host = onLoop() else { return offLoop }
        guard let plugin = host.view(me)?.plugin else { return host.badHandle("self") }
        return plugin.isRevoked ? HARAKA_E_REVOKED : body(host, plugin)
    }
}

extension Unicode.Scalar {
    /// C0, DEL or C1.
    fileprivate var isControl: Bool { value < 0x20 || (0x7f..<0xa0).contains(value) }
}

/// The table of regex/1, made once.
enum RegexService {
    nonisolated(unsafe) static let table: UnsafeMutablePointer<haraka_regex_1> = {
        let table = UnsafeMutablePointer<haraka_regex_1>.allocate(capacity: 1)
        table.initialize(to: haraka_regex_1())
        table.pointee.size = MemoryLayout<haraka_regex_1>.size
        table.pointee.compile = { me, pattern, options, out, error in
            PluginHost.withPlugin(me) { host, plugin in
                guard let pattern = pattern.bytes, let out else { return HARAKA_E_ARGUMENT }
                guard plugin.regexes.count < 10_000 else { return HARAKA_E_LIMIT }
                do throws(Regex.CompileError) {
                    let regex = try Regex(pattern, options: options, owner: plugin.handle.bits)
                    guard let handle = host.regexes.insert(regex) else { return HARAKA_E_LIMIT }
                    regex.handle = handle
                    plugin.regexes.append(regex)
                    out.pointee = haraka_regex(bits: handle.bits)
                    return HARAKA_SUCCESS
                } catch let failure {
                    error?.pointee = host.arena.lend(failure.message)
                    return HARAKA_E_ARGUMENT
                }
            }
        }
        table.pointee.match = { regex, subject, groups, count in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let regex = host.regexes.find(regex.bits) else { return host.badHandle("regex") }
            guard let bytes = subject.bytes else { return HARAKA_E_ARGUMENT }
            return RegexService.match(regex, bytes, groups, count)
        }
        table.pointee.free = { regex in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let found = host.regexes.find(regex.bits) else { return HARAKA_E_HANDLE }
            host.regexes.remove(found.handle)
            host.plugins.find(found.owner)?.regexes.removeAll { $0 === found }
            return HARAKA_SUCCESS
        }
        return table
    }()

    private static func match(
        _ regex: Regex, _ subject: UnsafeRawBufferPointer, _ groups: UnsafeMutablePointer<haraka_str>?, _ count: Int
    ) -> Int32 {
        switch regex.match(subject) {
        case .none: return 0
        case .gaveUp: return HARAKA_E_LIMIT
        case .groups(let ranges):
            guard let groups else { return 1 }
            for index in 0..<max(0, min(count, 10_000)) {
                guard index < ranges.count, let range = ranges[index] else {
                    groups[index] = haraka_str()
                    continue
                }
                groups[index] = haraka_bytes(subject.baseAddress.map { $0 + range.lowerBound }, range.count)
            }
            return 1
        }
    }
}

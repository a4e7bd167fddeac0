// The book of crashes: who crashed how often, and what is done about it.

/// Counts crashes of each plugin with certain bytes and decides when they are too many.
///
/// A plugin is known by name and content hash, because a crash says something about bytes: a mended build starts with a
/// clean sheet. Times are seconds of one clock that does not jump. A value, owned by the supervisor's loop.
public struct CrashLedger: Sendable {
    /// What to do after a crash.
    public enum Decision: Sendable, Equatable {
        /// The worker is to be started again as it was: this was that crash inside the window, of so many allowed to
        /// bring a measure (0: no number does).
        case restart(crashes: Int, of: Int)
        /// The worker is to be started again with this measure in force, and the others are to follow.
        case take(Measure)
    }

    private struct Culprit: Hashable {
        var plugin: String
        var hash: String
    }

    /// How many crashes `recent` remembers.
    public static let recentLimit = 20

    private var times: [Culprit: [Double]] = [:]
    private var held: [Culprit: Measure] = [:]
    /// The hash that was observed last in each plugin's file.
    private var observed: [String: String] = [:]

    /// The last crashes, newest first, at most `recentLimit`. What lifts a measure leaves them alone.
    public private(set) var recent: [CrashEntry] = []

    public init() {}

    // MARK: crashes

    /// Charges a crash to a plugin with these bytes. `hash` is that of the bytes which ran.
    ///
    /// - A crash of bytes that have a measure (another worker had not heard of it yet) answers that measure again.
    /// - Bytes that run in place of others by `previous` get no second chance: the first crash makes it `tempfail` for
    ///   both, since two builds that crash speak against what they are given rather than against one build.
    /// - With `crashLimit` 0 nothing is ever taken; what is in force already stays.
    public mutating func record(
        plugin: String, hash: String, reason: String, at now: Double, policy: CrashPolicy
    ) -> Decision {
        let culprit = Culprit(plugin: plugin, hash: hash)
        let crashes = count(culprit, at: now, within: policy.crashWindow)
        guard policy.crashLimit > 0 else { return .restart(crashes: crashes, of: 0) }
        if let measure = repeated(culprit) { return .take(measure) }
        let isReplacement = endPrevious(of: plugin)
        guard isReplacement || crashes >= policy.crashLimit else {
            return .restart(crashes: crashes, of: policy.crashLimit)
        }
        let measure = Measure(
            plugin: plugin, hash: hash, action: isReplacement ? .tempfail : policy.onCrash, reason: reason, since: now,
            crashes: crashes)
        held[culprit] = measure
        return .take(measure)
    }

    /// Keeps a crash for `recent`, whoever it is charged to.
    public mutating func note(_ entry: CrashEntry) {
        recent.insert(entry, at: 0)
        if recent.count > Self.recentLimit { recent.removeLast() }
    }

    /// Crashes inside the window, this one included. One that is exactly as old as the window is long still counts.
    private mutating func count(_ culprit: Culprit, at now: Double, within window: Double) -> Int {
        var inside = times[culprit, default: []].filter { now - $0 <= window }
        inside.append(now)
        times[culprit] = inside
        return inside.count
    }

    private mutating func repeated(_ culprit: Culprit) -> Measure? {
        guard var measure = held[culprit] else { return nil }
        measure.crashes += 1
        held[culprit] = measure
        return measure
    }

    /// Turns a plugin's `previous` into `tempfail`. Whether there was one.
    private mutating func endPrevious(of plugin: String) -> Bool {
        let ended = held.filter { $0.key.plugin == plugin && $0.value.action == .previous }
        for culprit in ended.keys { held[culprit]?.action = .tempfail }
        return !ended.isEmpty
    }

    // MARK: measures

    /// All measures in force, by plugin and then by age.
    public var measures: [Measure] {
        held.values.sorted { ($0.plugin, $0.since, $0.hash) < ($1.plugin, $1.since, $1.hash) }
    }

    /// The measure against a plugin with these bytes. The same plugin with other bytes, or those bytes under another
    /// name, is free.
    public func measure(for plugin: String, hash: String) -> Measure? {
        held[Culprit(plugin: plugin, hash: hash)]
    }

    /// There are no last good bytes to return to, or they have a measure themselves: `previous` becomes `tempfail`.
    ///
    /// - Returns: the measure as it now stands; nil if there is none or it was something else than `previous`.
    public mutating func previousIsMissing(plugin: String, hash: String) -> Measure? {
        let culprit = Culprit(plugin: plugin, hash: hash)
        guard held[culprit]?.action == .previous else { return nil }
        held[culprit]?.action = .tempfail
        return held[culprit]
    }

    /// What lies in the plugin's file now (not what runs in its place by `previous`). A hash other than before lifts
    /// measures and counts of all other bytes of that plugin; the same one changes nothing.
    public mutating func observe(plugin: String, hash: String) {
        guard observed[plugin] != hash else { return }
        observed[plugin] = hash
        forget { $0.plugin == plugin && $0.hash != hash }
    }

    /// Lifts the plugin's measures and forgets its crashes: the operator's word.
    public mutating func lift(plugin: String) {
        forget { $0.plugin == plugin }
    }

    /// Lifts every measure and forgets every count: an operator who reloads wants a fresh start.
    public mutating func liftAll() {
        forget { _ in true }
    }

    /// What was lifted for a load that then failed is in force again: what runs is what it was taken against. Crashes that
    /// came meanwhile stay counted.
    public mutating func reinstate(_ before: CrashLedger) {
        held.merge(before.held) { now, _ in now }
        times.merge(before.times) { now, then in now.starts(with: then) ? now : then + now }
        observed = before.observed
    }

    private mutating func forget(_ isMeant: (Culprit) -> Bool) {
        times = times.filter { !isMeant($0.key) }
        held = held.filter { !isMeant($0.key) }
    }
}

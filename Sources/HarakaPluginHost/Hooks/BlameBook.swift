// Whom to name for an answer that came late or twice.

/// Blames late answers: the last plugins that were still thinking, by the handle they were given. Enough for all mails
/// that can be asked about at the same time.
struct BlameBook {
    private var entries: [UInt64: (plugin: String, hook: String)] = [:]
    private var order: [UInt64] = []

    mutating func note(_ bits: UInt64, _ plugin: String, _ hook: String) {
        entries[bits] = (plugin, hook)
        order.append(bits)
        if order.count > 32_768 {
            for old in order.prefix(16_384) { entries[old] = nil }
            order.removeFirst(16_384)
        }
    }

    func find(_ bits: UInt64) -> (plugin: String, hook: String)? { entries[bits] }
}

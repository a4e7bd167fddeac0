// Deliveries that are under way, by domain.

/// Who delivers to a domain now. A delivery that never says how it ended is forgotten after a while, so that it cannot stop a
/// domain for good. Loop thread only.
struct Deliveries {
    /// Milliseconds.
    static let lifetime: Int64 = 600_000

    /// Beginnings, by the uuid of the queued mail.
    private var underWay: [String: [String: Int64]] = [:]

    /// Counts a delivery to a domain unless it would be more than `max`; how many are under way, this one included.
    mutating func begin(_ uuid: String, to domain: String, max: Int64, now: Int64) -> (count: Int64, isAllowed: Bool) {
        var deliveries = underWay[domain] ?? [:]
        if deliveries.count >= max { deliveries = deliveries.filter { now - $0.value < Self.lifetime } }
        // One that begins anew has its place already.
        let count = Int64(deliveries.count) + (deliveries[uuid] == nil ? 1 : 0)
        let isAllowed = count <= max
        if isAllowed { deliveries[uuid] = now }
        underWay[domain] = deliveries
        return (count, isAllowed)
    }

    mutating func end(_ uuid: String, to domain: String) {
        guard var deliveries = underWay[domain], deliveries.removeValue(forKey: uuid) != nil else { return }
        underWay[domain] = deliveries.isEmpty ? nil : deliveries
    }

    /// Domains with a delivery under way.
    var domains: Int { underWay.count }
}

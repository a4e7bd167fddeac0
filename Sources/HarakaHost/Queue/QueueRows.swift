// A row of the queue, and its numbers, as JSON. docs/outbound.md "Rows".

import HarakaConfig
import HarakaQueue

extension QueueRow {
    var json: ConfigValue {
        let isActive = state == .active
        return .map([
            "file": .string(uuid), "uuid": .string(hmailUUID), "queue_time": .integer(queueTime),
            "domain": .string(domain), "from": .string(sender), "to": .list(recipients.map { .string($0) }),
            "size": .integer(Int64(size)), "attempts": .integer(Int64(failures)),
            "next_attempt": .integer(isActive ? 0 : max(next, siteRestsUntil)),
            "state": .string(state == .ready ? "waiting" : state.rawValue), "error": .string(lastError),
        ])
    }
}

extension QueueStats {
    var json: ConfigValue {
        .map([
            "in_progress": .integer(Int64(inProgress)), "waiting": .integer(Int64(waiting)),
            "deferred": .integer(Int64(deferred)), "held": .integer(Int64(held)),
            "messages": .integer(Int64(messages)), "recipients": .integer(Int64(recipients)),
            "bytes": .integer(Int64(bytes)), "domains": .integer(Int64(domains)),
            "resting_sites": .integer(Int64(restingSites)),
        ])
    }
}

// Counting by key and time, in bounded memory.

/// How often each key was met within its window, which begins when the key is met first and is over some seconds later,
/// as Haraka's keys in Redis. Loop thread only.
///
/// No timer runs: what is over is dropped when something new comes, and when there are too many keys the oldest windows
/// go first. So a flood of new keys can make the server forget who came long ago, but never fill its memory.
final class Windows {
    private struct Window {
        var key: String
        var count: Int64
        /// Milliseconds on the clock that never goes back.
        var ends: Int64
        /// Neighbours in the order of their beginnings, or -1.
        var older: Int, younger: Int
    }

    private let capacity: Int
    private var places: [String: Int] = [:]
    private var windows: [Window] = []
    private var free: [Int] = []
    private var oldest = -1, youngest = -1

    init(capacity: Int = 100_000) { self.capacity = max(1, capacity) }

    /// Keys that are remembered.
    var count: Int { places.count }

    /// Counts one more; how many there are now, this one included.
    func hit(_ key: String, seconds: Int64, now: Int64) -> Int64 {
        if let place = places[key] {
            if windows[place].ends > now {
                windows[place].count += 1
                return windows[place].count
            }
            drop(place)
        }
        // Two out for one in: after a flood the memory comes back by and by, and nobody waits for a sweep.
        for _ in 0..<2 where oldest >= 0 && windows[oldest].ends <= now { drop(oldest) }
        if places.count >= capacity { drop(oldest) }
        add(Window(key: key, count: 1, ends: now + seconds * 1000, older: youngest, younger: -1))
        return 1
    }

    /// How many there were, without counting.
    func count(of key: String, now: Int64) -> Int64 {
        guard let place = places[key], windows[place].ends > now else { return 0 }
        return windows[place].count
    }

    private func add(_ window: Window) {
        let place: Int
        if let reused = free.popLast() {
            place = reused
            windows[place] = window
        } else {
            place = windows.count
            windows.append(window)
        }
        if youngest >= 0 { windows[youngest].younger = place } else { oldest = place }
        youngest = place
        places[window.key] = place
    }

    private func drop(_ place: Int) {
        let window = windows[place]
        if window.older >= 0 { windows[window.older].younger = window.younger } else { oldest = window.younger }
        if window.younger >= 0 { windows[window.younger].older = window.older } else { youngest = window.older }
        places[window.key] = nil
        // The text is let go now, the place is used again.
        windows[place].key = ""
        free.append(place)
    }
}

/// How many connections of each client are open. As large as there are connections. Loop thread only.
final class OpenConnections {
    private var counts: [String: Int64] = [:]

    func count(of key: String) -> Int64 { counts[key] ?? 0 }

    fileprivate func add(_ key: String) { counts[key] = count(of: key) + 1 }

    fileprivate func remove(_ key: String) {
        let rest = count(of: key) - 1
        counts[key] = rest > 0 ? rest : nil
    }

    /// How many clients have any.
    var clients: Int { counts.count }
}

/// What is kept with one connection. Its end, however that comes about, ends the counting.
final class Visit {
    let key: String
    private let open: OpenConnections?
    var unrecognizedCommands: Int64 = 0

    /// `open` nil: this connection is not counted.
    init(_ key: String, in open: OpenConnections?) {
        self.key = key
        self.open = open
        open?.add(key)
    }

    deinit { open?.remove(key) }
}

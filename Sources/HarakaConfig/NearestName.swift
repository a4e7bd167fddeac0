// "Did you mean": the known name that a misspelt one is closest to.

/// Finds what was probably meant.
enum NearestName {
    /// Longer names are not compared: nobody misspells them by hand.
    private static let longest = 64

    /// The candidate that takes the fewest insertions, deletions, replacements and swaps of neighbours; nil where
    /// even that is more than a third of the name, which is no misspelling any more.
    static func to(_ name: String, among candidates: [String]) -> String? {
        let written = Array(name.lowercased().utf8)
        guard !written.isEmpty, written.count <= longest else { return nil }
        let allowed = max(1, written.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates where candidate.utf8.count <= longest {
            let distance = distance(written, Array(candidate.lowercased().utf8))
            if distance <= allowed && distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// The optimal-string-alignment distance, by three rows of the usual table.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var row = [i + 1]
            for (j, right) in b.enumerated() {
                var least = min(last[j + 1] + 1, row[j] + 1, last[j] + (left == right ? 0 : 1))
                if i > 0, j > 0, left == b[j - 1], a[i - 1] == right { least = min(least, beforeLast[j - 1] + 1) }
                row.append(least)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}

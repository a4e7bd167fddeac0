// A message in one piece, for those who compare or print it.

import HarakaCore

extension MessageView {
    /// Its bytes from the beginning, `limit` at most. Throws if a spool file cannot be read.
    func bytes(atMost limit: Int = .max) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: min(size, limit))
        var done = 0
        while done < bytes.count {
            // Header and body may be kept apart: each read gives some of one.
            let count = try bytes.withUnsafeMutableBytes { try read(at: done, into: .init(rebasing: $0[done...])) }
            guard count > 0 else { break }
            done += count
        }
        return Array(bytes.prefix(done))
    }
}

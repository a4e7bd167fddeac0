// Time, as plugins read it.

import Glibc

enum Clock {
    /// Milliseconds that never go back.
    static func monotonic() -> Int64 { read(CLOCK_MONOTONIC) }
    /// Milliseconds since 1970.
    static func wall() -> Int64 { read(CLOCK_REALTIME) }

    /// Nanoseconds that never go back, for durations.
    static func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

// Tests of several rooms run in one process, and a process has one plugin host at a time: the table that plugins get knows
// but one.

public import Dispatch

/// Whoever makes a plugin host waits for this, and signals when it is closed.
public enum OnlyHost {
    public static let turn = DispatchSemaphore(value: 1)
}

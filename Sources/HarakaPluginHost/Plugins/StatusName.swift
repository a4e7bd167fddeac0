// Statuses of plugin.h as administrators and authors read them.

import HarakaPluginABI

/// The name of a status, for messages.
func statusName(_ status: Int32) -> String {
    let names: [Int32: String] = [
        HARAKA_SUCCESS: "HARAKA_SUCCESS", HARAKA_E_ARGUMENT: "HARAKA_E_ARGUMENT", HARAKA_E_HANDLE: "HARAKA_E_HANDLE",
        HARAKA_E_WRONG_THREAD: "HARAKA_E_WRONG_THREAD", HARAKA_E_STATE: "HARAKA_E_STATE",
        HARAKA_E_ABSENT: "HARAKA_E_ABSENT", HARAKA_E_TYPE: "HARAKA_E_TYPE", HARAKA_E_LIMIT: "HARAKA_E_LIMIT",
        HARAKA_E_ANSWERED: "HARAKA_E_ANSWERED", HARAKA_E_TIMED_OUT: "HARAKA_E_TIMED_OUT",
        HARAKA_E_GONE: "HARAKA_E_GONE",
        HARAKA_E_REVOKED: "HARAKA_E_REVOKED", HARAKA_E_IO: "HARAKA_E_IO", HARAKA_E_ABI: "HARAKA_E_ABI",
        HARAKA_E_UNSUPPORTED: "HARAKA_E_UNSUPPORTED",
    ]
    return names[status] ?? "status \(status)"
}

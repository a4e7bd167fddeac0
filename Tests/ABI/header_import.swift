// The header as Swift sees it: types, constants and inline functions that an author in Swift may rely on.
// Scripts/header-matrix type-checks this file.

import HarakaPluginABI

func answer(_ call: UnsafePointer<haraka_call>) -> Int32 {
    guard let from = haraka_argument_address(call, 0), haraka_equal(from.pointee.user, haraka_text("postmaster")) != 0
    else {
        return HARAKA_CONT
    }
    var value = haraka_null()
    guard haraka_connection_get(call.pointee.connection, HARAKA_CONN_REMOTE_IP, &value) == HARAKA_SUCCESS else {
        return HARAKA_E_ABSENT
    }
    return haraka_answer(call, HARAKA_DENY, "not from you")
}

let table: UnsafePointer<haraka_host>? = nil
let level: Int32 = HARAKA_LOG_NOTICE
let type: UInt32 = HARAKA_TYPE_TEXT

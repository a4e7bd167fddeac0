// A Swift plugin that reads beyond the end of an array in a hook. Over the header alone, without the kit.
import HarakaPluginABI

@c(haraka_register)
public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 { haraka_attach(host) }

@c(hook_rcpt)
public func hookRcpt(_ call: UnsafePointer<haraka_call>) -> Int32 {
    guard let recipient = haraka_argument_address(call, 0),
        haraka_equal(recipient.pointee.user, haraka_text("boom")) != 0
    else { return HARAKA_CONT }
    let codes = [HARAKA_CONT, HARAKA_OK]
    // As many as bytes in the local part: four.
    return codes[recipient.pointee.user.len]
}

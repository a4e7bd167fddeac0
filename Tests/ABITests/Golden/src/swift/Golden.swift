// The golden plugin in Swift, Embedded and ordinary. Each language has the same one; what it does: ../../README.md.
import HarakaPluginKit

@c(haraka_register)
public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
    Plugin.register(host, handle, register)
}

/// One thread runs all hooks, so nothing guards it.
nonisolated(unsafe) private var asked: Int64 = 0
nonisolated(unsafe) private var own: Plugin?

@c(haraka_shutdown)
public func harakaShutdown(_ call: UnsafePointer<haraka_call>?) -> Int32 {
    own?.log(.notice, "asked \(asked) times")
    return HARAKA_SUCCESS
}

func register(_ plugin: Plugin) {
    own = plugin
    let words = plugin.config.ini("golden.ini")["main"]["words"].string ?? ""
    plugin.hook("connect") { call in
        call.connection.notes.set("golden.seen", .boolean(true))
        return .continue
    }
    plugin.hook("mail") { call, next in
        guard let from = call.address(0) else { return next.continue() }
        if from.user == "later" { return next.after(milliseconds: 25) { next in next.denySoft("later") } }
        guard from.user == "work" else { return next.continue() }
        next.offload({ () throws(PluginError) in 6 * 7 }) { product, next in next.deny("worked: \(product)") }
    }
    plugin.hook("rcpt") { call throws(PluginError) in try rcpt(call, words) }
    plugin.hook("data_post") { call throws(PluginError) in
        guard let transaction = call.transaction else { return .continue }
        transaction.notes.set("golden.first", .text(try start(of: transaction.message())))
        return .continue
    }
    plugin.hook("queue") { _ in .ok }
}

private func rcpt(_ call: borrowing Call, _ words: String) throws(PluginError) -> Answer {
    guard let transaction = call.transaction, let to = call.address(0) else { return .continue }
    asked += 1
    transaction.notes.set("golden.asked", .integer(asked))
    if to.user == "fails" { throw PluginError("out of luck") }
    if to.user == "denied" {
        transaction.results.fail("denied")
        return .deny(words)
    }
    transaction.results.pass("rcpt")
    transaction.headers.add("X-Golden", "yes")
    return .ok
}

/// The first seven bytes.
private func start(of message: Message) throws(PluginError) -> String {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 7, alignment: 1)
    defer { buffer.deallocate() }
    let count = try message.read(at: 0, into: buffer)
    return String(decoding: buffer[..<count], as: UTF8.self)
}

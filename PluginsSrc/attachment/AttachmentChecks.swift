// attachment: refuses mail by the names and types of its parts, and by what is inside archives.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerAttachmentChecks)
    }
#endif

/// A mistake in attachment.ini refuses to load; an expression that is none is left out.
public func registerAttachmentChecks(_ plugin: Plugin) throws(PluginError) {
    let files = try CheckFiles(plugin)
    files.watch()
    plugin.hook("data") { call throws(PluginError) in
        guard let transaction = call.transaction, let body = transaction.body else { return .continue }
        transaction.parseBody()
        let arriving = Arriving()
        transaction.notes.keep("arriving", arriving)
        try body.attachments { part in arriving.begins(part) }
        return .continue
    }
    plugin.hook("data_post") { call, next in
        guard let transaction = call.transaction else { return next.continue() }
        let arriving = transaction.notes.kept("arriving", as: Arriving.self)
        let inspection = Inspection(transaction, isRelaying: call.connection.isRelaying, files)
        do throws(PluginError) { try inspection.collect(arriving?.attachments ?? []) } catch {
            return next.fail(error)
        }
        inspection.start(next)
    }
}

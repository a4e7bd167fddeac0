// queue/test: writes each mail to a file in the temporary folder.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerQueueTest)
    }

    /// The generation ends when the last file is written, so that the log never lacks how that ended.
    @c(haraka_shutdown)
    public func harakaShutdown(_ call: UnsafePointer<haraka_call>?) -> Int32 { jobs.shutDown(call) }
#endif

/// Of this copy of the plugin: each generation has its own. Loop thread only.
nonisolated(unsafe) private let jobs = Jobs()

/// Mail of strangers only, as in Haraka: what clients that may relay send goes elsewhere.
public func registerQueueTest(_ plugin: Plugin) {
    // The environment of a process does not change.
    let folder = temporaryFolder(Plugin.environment)
    plugin.hook("queue") { call, next throws(PluginError) in try store(call, next, folder) }
}

private func store(_ call: borrowing Call, _ next: consuming Next, _ folder: String) throws(PluginError) {
    guard let transaction = call.transaction, takes(transaction.notes.get("queue.wants").text) else {
        return next.continue()
    }
    let name = fileName(transaction.uuid.string)
    let message = try transaction.message()
    // Held by what follows the job, so that it is let go in any case, also when the client has left.
    let job = jobs.begin()
    next.offload {
        write(message, to: name, in: folder)
    } then: { failure, next in
        defer { withExtendedLifetime(job) {} }
        if let failure {
            // The cause may name folders, which is nobody's business outside.
            next.plugin.log(.error, about: transaction.object, failure.cause)
            transaction.results.error(failure.cause)
            return next.denySoft("Writing failed, try again later")
        }
        transaction.results.set("pass", .text(folder + "/" + name), emit: true)
        next.ok()
    }
}

/// nil: the file is there, and on the disk. On a thread that may wait for that.
private func write(_ message: Message, to name: String, in folder: String) -> PluginError? {
    do throws(PluginError) {
        let folder = try Folder(path: folder)
        let file = try folder.create(name)
        do throws(PluginError) {
            try message.forEachChunk { piece throws(PluginError) in try file.write(piece) }
            try file.sync()
        } catch {
            // Half a mail is worth nothing. What was there before it was made is not touched: create() would have failed.
            folder.remove(name)
            throw error
        }
        return nil
    } catch {
        return error
    }
}

/// Whether a mail is for this plugin: nobody asked for another queue.
func takes(_ wish: Text) -> Bool { wish.isEmpty || wish == "test" }

/// What Haraka takes for the temporary folder: the first of these that is set, without the slashes at its end.
func temporaryFolder(_ environment: (String) -> String?) -> String {
    for name in ["TMPDIR", "TMP", "TEMP"] {
        guard let path = environment(name), !path.isEmpty else { continue }
        var end = path.utf8[...]
        while end.count > 1, end.last == UInt8(ascii: "/") { end.removeLast() }
        return String(decoding: end, as: UTF8.self)
    }
    return "/tmp"
}

/// `mail_UUID.eml`. A uuid has no slash; one that had could lead elsewhere.
func fileName(_ uuid: String) -> String {
    let safe = uuid.utf8.map { $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
    return "mail_" + String(decoding: safe, as: UTF8.self) + ".eml"
}

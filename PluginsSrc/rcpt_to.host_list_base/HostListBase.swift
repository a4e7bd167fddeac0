// rcpt_to.host_list_base: what is local.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerHostListBase)
    }
#endif

/// Runs once for the plugin itself and once on behalf of each child, so that children share nothing.
public func registerHostListBase(_ plugin: Plugin) {
    let lists = HostLists(plugin)
    plugin.method("load_host_list") { _ in
        lists.loadHosts()
        return .ok
    }
    plugin.method("load_host_list_regex") { _ in
        lists.loadPatterns()
        return .ok
    }
    plugin.method("in_host_list") { call in
        call.setResult(lists.hosts.contains(call.text(0)))
        return .ok
    }
    plugin.method("in_host_regex") { call in
        call.setResult(lists.pattern?.matches(call.text(0)) ?? false)
        return .ok
    }
    plugin.method("hook_mail") { call in lists.receivedMail(call) }
    plugin.hook("mail", method: "hook_mail")
}

/// The lists of one plugin that uses them, and what they say about a sender.
final class HostLists {
    let plugin: Plugin
    private(set) var hosts = HostSet()
    private(set) var pattern: Pattern?
    private var refusesSpoofing = false
    // A child may bring its own answer to these.
    private let inHostList: LateMethod
    private let inHostRegex: LateMethod

    init(_ plugin: Plugin) {
        self.plugin = plugin
        inHostList = LateMethod(plugin, "in_host_list")
        inHostRegex = LateMethod(plugin, "in_host_regex")
    }

    func loadHosts() {
        hosts = HostSet(plugin.config.list("host_list"))
        refusesSpoofing = isOn(plugin.config.value("host_list.anti_spoof").text)
        plugin.log(.debug, "\(hosts.count) hosts in host_list")
    }

    func receivedMail(_ call: borrowing Call) -> Answer {
        guard let transaction = call.transaction, let sender = call.address(0) else { return .continue }
        guard !sender.isNull else {
            transaction.results.skip("mail_from.null")
            return .continue
        }
        guard inHostList.isTrue(call, about: sender.host) || inHostRegex.isTrue(call, about: sender.host) else {
            transaction.results.message("mail_from!local")
            return .continue
        }
        if refusesSpoofing && !call.connection.isRelaying {
            transaction.results.fail("mail_from.anti_spoof")
            return .deny("Mail from domain '\(sender.host.string)' is not allowed from your host")
        }
        transaction.results.pass("mail_from")
        transaction.notes.set("local_sender", .boolean(true))
        return .continue
    }

    /// One expression out of all lines. A bad line would spoil the whole, so each is tried on its own first.
    func loadPatterns() {
        var good: [String] = []
        plugin.config.list("host_list_regex").forEach { line in
            guard let source = line.string, !source.isEmpty else { return }
            do throws(PluginError) {
                _ = try Pattern(plugin, source, caseless: true, whole: true)
                good.append(source)
            } catch {
                plugin.log(.error, "host_list_regex: \(error.cause)")
            }
        }
        pattern = good.isEmpty ? nil : try? Pattern(plugin, alternatives(good), caseless: true, whole: true)
    }
}

/// `(?:a|b)`: what matches one of them.
func alternatives(_ sources: [String]) -> String {
    var all = "(?:"
    for (index, source) in sources.enumerated() { all += index == 0 ? source : "|" + source }
    return all + ")"
}

/// Haraka takes any text as true here, even the word `false`.
func isOn(_ text: Text) -> Bool {
    let value = text.trimmed
    return value == "true" || value == "yes" || value == "on" || value == "1"
}

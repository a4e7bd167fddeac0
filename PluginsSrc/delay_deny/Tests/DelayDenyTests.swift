// Which refusals wait, and for whom.
import HarakaPluginKit
import Testing

@testable import DelayDeny

@Suite("Postponed refusals")
struct DelayDenyTests {
    @Test(
        "included_plugins wins over excluded_plugins; entries may name plugin, hook and method",
        arguments: [
            (nil, nil, true), ("", "", true), ("dns", nil, true), ("dns:mail, x", nil, true),
            ("dns:mail:check", nil, true),
            ("dns:rcpt;other", nil, false), (nil, "dns", false), (nil, "dns:mail", false),
            (nil, "dns:mail:check", false),
            (nil, "dns:rcpt", true), ("dns", "dns", true), ("other", "other", false), (nil, "dn", true),
        ] as [(String?, String?, Bool)])
    func choice(included: String?, excluded: String?, postpones: Bool) {
        let source = Source(plugin: "dns", hook: "mail", method: "check")
        #expect(Choice(included: included, excluded: excluded).postpones(source) == postpones)
    }

    @Test(
        "early hooks are kept with the connection, later ones with the transaction, all others are not",
        arguments: [
            ("lookup_rdns", .connection), ("connect", .connection), ("helo", .connection), ("ehlo", .connection),
            ("mail", .transaction), ("rcpt", .recipient), ("rcpt_ok", .now), ("data", nil), ("queue", nil),
        ] as [(String, Scope?)])
    func scopes(hook: String, scope: Scope?) {
        #expect(Scope(hook: hook) == scope)
    }

    private func rejection(_ plugin: String, _ recipient: String?) -> Rejection {
        Rejection(code: .deny, reply: nil, plugin: plugin, recipient: recipient)
    }

    @Test("a refusal of one recipient hits that one only, and once")
    func oneRecipient() {
        let rejections = Rejections()
        rejections.add(rejection("a", "joe@d"))
        #expect(rejections.first(for: "ann@d") == nil)
        #expect(rejections.first(for: "joe@d")?.plugin == "a")
        #expect(rejections.first(for: "joe@d") == nil)
        #expect(rejections.culprits == ["a"])
    }

    @Test("a refusal of the sender hits every recipient, the oldest first")
    func everyRecipient() {
        let rejections = Rejections()
        for plugin in ["a", "b", "a"] { rejections.add(rejection(plugin, nil)) }
        #expect(rejections.first(for: "joe@d")?.plugin == "a")
        #expect(rejections.first(for: "ann@d")?.plugin == "a")
        #expect(rejections.culprits == ["a", "b"])
    }

    @Test("a refusal that does not wait is named, but never given back")
    func forgiven() {
        let rejections = Rejections()
        rejections.note("greylist")
        #expect(rejections.culprits == ["greylist"])
        #expect(rejections.first(for: "joe@d") == nil)
    }

    @Test(
        "an entry has one to three parts, none of them empty",
        arguments: [
            ("dns", false), ("dns:mail", false), ("queue/x:queue:hook_queue", false), ("a:b:c:d", true),
            (":mail", true), ("dns:", true), ("a::b", true), ("d\u{E9}", true), ("a\u{1}", true),
        ])
    func nonsense(entry: String, isNonsense: Bool) {
        #expect(DelayDeny.isNonsense(entry) == isNonsense)
    }

    @Test("the header names each plugin once")
    func names() {
        #expect(unique(["a", "b", "a"]) == ["a", "b"])
    }

    @Test(
        "an enhanced status has three numbers",
        arguments: [("5.7.1", Status(5, 7, 1)), ("5.7", nil), ("", nil), ("5.7.x", nil), ("300.1.1", nil)]
            as [(String, Status?)])
    func status(text: String, expected: Status?) {
        #expect(Status(dotted: text) == expected)
    }
}

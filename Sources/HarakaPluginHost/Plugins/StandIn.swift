// What takes the place of a plugin that is out of order: it refuses for now wherever the plugin had a say.

import HarakaCore
import HarakaPluginABI

/// A plugin that is not loaded, but whose hooks answer DENYSOFT in its place: mail that it would have looked at is
/// neither lost nor let through.
public struct StandIn: Sendable, Equatable {
    public let name: String
    /// Hooks, each with `@PRIORITY` where that is known: `rcpt`, `mail@-10`.
    public let hooks: [String]
    /// Why, for the log and for `haraka status`.
    public let reason: String

    /// What the client reads. Whose fault it is is nobody's business out there.
    static let text = "temporarily out of order"

    /// A plugin of which no hook is known stands before every message.
    static let fallback = ["mail"]

    /// The hooks on which a refusal can be carried out, with their priorities. `log`, `disconnect` and their like go on
    /// without the plugin.
    var places: [(hook: String, priority: Int32)] {
        let all = (hooks.isEmpty ? StandIn.fallback : hooks).map(StandIn.place)
        return all.filter { HookRules(Hook(name: $0.hook) ?? .unrecognizedCommand).canRefuse }
    }

    private static func place(_ text: String) -> (hook: String, priority: Int32) {
        guard let at = text.lastIndex(of: "@"), let priority = Int32(text[text.index(after: at)...]) else {
            return (text, 0)
        }
        return (String(text[..<at]), max(-100, min(100, priority)))
    }

    /// The handler of all its hooks: an answer like a plugin's.
    static let function: PluginFunction = { call in
        guard let call, let table = PluginHost.shared?.table else { return HARAKA_DENYSOFT }
        _ = standInText.withUTF8Buffer { text in
            var line = haraka_bytes(text.baseAddress, text.count)
            return withUnsafePointer(to: &line) { line in
                var reply = haraka_no_reply()
                reply.lines = line
                reply.line_count = 1
                return table.pointee.complete(call.pointee.next, HARAKA_DENYSOFT, &reply)
            }
        }
        return HARAKA_PENDING
    }
}

private let standInText: StaticString = "temporarily out of order"

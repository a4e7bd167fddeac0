// Methods of this plugin's children and parents.
import CHarakaPluginKit

/// A method that was found. Keep it as long as the plugin is loaded. Loop thread only.
///
///     let inHostList = plugin.find("in_host_list")
///     plugin.hook("rcpt") { call in
///         inHostList?.isTrue(call, .text(call.address(0)?.host)) == true ? .ok : .continue
///     }
public struct Method: @unchecked Sendable {
    let method: haraka_method

    /// Runs it inside a hook. What the method answers is the answer; `.pending` is passed on as it is.
    @discardableResult
    public func invoke(_ call: borrowing Call) -> Answer {
        var copy = method
        let arguments = call.pointer.pointee.arguments
        return Answer(Code(rawValue: haraka_invoke(&copy, call.pointer, arguments, call.argumentCount, nil)))
    }

    /// Runs it while the plugin registers: there is no connection yet, and it must answer at once.
    @discardableResult
    public func invoke() -> Answer {
        var call = haraka_call()
        call.size = MemoryLayout<haraka_call>.size
        call.`self` = method.`self`
        var copy = method
        return Answer(Code(rawValue: haraka_invoke(&copy, &call, nil, 0, nil)))
    }

    /// Asks it about a text; whether its result is true.
    public func isTrue(_ call: borrowing Call, about text: Text) -> Bool {
        var copy = method
        var argument = haraka_text_value(text.lent)
        var result = haraka_null()
        _ = haraka_invoke(&copy, call.pointer, &argument, 1, &result)
        return haraka_value_is_true(&result) != 0
    }
}

extension Plugin {
    /// What `this.name` is in Haraka: a child's override first, then this plugin's own, then the parents'.
    public func find(_ name: String) -> Method? {
        find { method in name.lent { haraka_kit_host().pointee.find_method(handle, $0, &method) } }
    }

    /// The super call: the method that a parent provides, run on behalf of this plugin.
    public func find(_ name: String, ofParent parent: String) -> Method? {
        find { method in
            parent.lent { parent in
                name.lent { haraka_kit_host().pointee.find_parent_method(handle, parent, $0, &method) }
            }
        }
    }

    private func find(_ ask: (inout haraka_method) -> Int32) -> Method? {
        var method = haraka_method()
        method.size = MemoryLayout<haraka_method>.size
        return ask(&method) < 0 ? nil : Method(method: method)
    }
}

/// A method that is looked up when it is first asked, as `this.name` is in Haraka: by then every child has added its
/// own. Loop thread only.
public final class LateMethod {
    private let plugin: Plugin
    private let name: String
    private var found: Method?

    public init(_ plugin: Plugin, _ name: String) {
        self.plugin = plugin
        self.name = name
    }

    /// Whether the method's result about a text is true; false, and a line in the log, if there is no such method.
    public func isTrue(_ call: borrowing Call, about text: Text) -> Bool {
        if found == nil { found = plugin.find(name) }
        guard let found else {
            plugin.log(.error, "no method \(name)")
            return false
        }
        return found.isTrue(call, about: text)
    }
}

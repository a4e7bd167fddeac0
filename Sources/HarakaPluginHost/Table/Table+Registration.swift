// Registration, methods, inheritance, data. plugin.h "registration".

import HarakaPluginABI

extension PluginHost {
    func fillRegistration() {
        table.pointee.register_hook = { me, hook, method, priority in
            PluginHost.whileRegistering(me) { view in
                guard let hook = hook.text, let method = method.text, !hook.isEmpty, !method.isEmpty else {
                    return HARAKA_E_ARGUMENT
                }
                return view.register(hook, .named(method), priority)
            }
        }
        table.pointee.register_function = { me, hook, function, context, destroy, priority in
            PluginHost.whileRegistering(me) { view in
                guard let hook = hook.text, !hook.isEmpty, let function else { return HARAKA_E_ARGUMENT }
                let method = PluginMethod(function: function, context: context, view: view)
                let status = view.register(hook, .function(method), priority)
                if let destroy, status >= 0 { view.plugin.contexts.append((context, destroy)) }
                return status
            }
        }
        table.pointee.add_method = { me, name, function, context, destroy in
            PluginHost.whileRegistering(me) { view in
                guard let name = name.text, !name.isEmpty, let function else { return HARAKA_E_ARGUMENT }
                guard view.methods.count < 1000 else { return HARAKA_E_LIMIT }
                if let destroy { view.plugin.contexts.append((context, destroy)) }
                view.methods[name] = PluginMethod(function: function, context: context, view: view)
                return HARAKA_SUCCESS
            }
        }
        table.pointee.inherits = { me, parent in
            PluginHost.whileRegistering(me) { view in
                guard let parent = parent.text, !parent.isEmpty else { return HARAKA_E_ARGUMENT }
                return PluginHost.shared?.inherit(view, parent) ?? HARAKA_E_REVOKED
            }
        }
        fillMethods()
        fillData()
    }

    private static func whileRegistering(_ me: haraka_self, _ body: (PluginView) -> Int32) -> Int32 {
        guard let host = onLoop() else { return offLoop }
        guard let view = host.view(me) else { return host.badHandle("self") }
        return view.plugin.isRegistering ? body(view) : HARAKA_E_STATE
    }

    private func fillMethods() {
        table.pointee.find_method = { me, name, out in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let view = host.view(me) else { return host.badHandle("self") }
            guard let name = name.text else { return HARAKA_E_ARGUMENT }
            return PluginHost.lend(view.plugin.method(name), out)
        }
        table.pointee.find_parent_method = { me, parent, name, out in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let view = host.view(me) else { return host.badHandle("self") }
            guard let parent = parent.text, let name = name.text else { return HARAKA_E_ARGUMENT }
            return PluginHost.lend(view.plugin.parentMethod(parent, name), out)
        }
    }

    private static func lend(_ method: PluginMethod?, _ out: UnsafeMutablePointer<haraka_method>?) -> Int32 {
        guard let out, out.pointee.size >= MemoryLayout<haraka_method>.size else { return HARAKA_E_ARGUMENT }
        guard let method else { return HARAKA_E_ABSENT }
        out.pointee.function = method.function
        out.pointee.`self` = method.view.selfHandle
        out.pointee.data = method.view.data
        out.pointee.context = method.context
        return HARAKA_SUCCESS
    }

    private func fillData() {
        table.pointee.set_data = { me, data, destroy in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let view = host.view(me) else { return host.badHandle("self") }
            // Nobody would destroy it any more.
            guard !view.plugin.isRevoked else { return HARAKA_E_REVOKED }
            host.doom(view.pendingDestroy)
            view.data = data
            view.destroyData = destroy
            host.settleIfOutside()
            return HARAKA_SUCCESS
        }
        table.pointee.get_data = { me in PluginHost.onLoop()?.view(me)?.data }
        table.pointee.plugin_name = { me in
            guard let host = PluginHost.shared else { return haraka_str() }
            return host.identity(me)?.nameText ?? haraka_str()
        }
    }

    /// A plugin's name and state, from any thread.
    func identity(_ me: haraka_self) -> PluginIdentity? {
        let handle = Handle(bits: me.bits)
        guard handle.kind == .plugin else { return nil }
        let bits = Handle(.plugin, slot: handle.slot, sequence: handle.sequence).bits
        return identities.withLock { $0[bits] }
    }
}

extension PluginView {
    fileprivate func register(_ hook: String, _ target: Plugin.Target, _ priority: Int32) -> Int32 {
        guard plugin.registrations.count < 1000 else { return HARAKA_E_LIMIT }
        let clamped = max(-100, min(100, priority))
        plugin.registrations.append(Plugin.Registration(hook: hook, target: target, priority: clamped))
        return HARAKA_SUCCESS
    }
}

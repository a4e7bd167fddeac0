// Notes for plugins. plugin.h "notes".

import HarakaCore
import HarakaPluginABI

extension PluginHost {
    func fillNotes() {
        table.pointee.note_set = { object, path, value in
            guard let path = path.text else { return HARAKA_E_ARGUMENT }
            return PluginHost.write(object, value) { host, reference, value in
                let isSet =
                    switch reference {
                    case .server: host.serverNotes.set(path, value)
                    case .connection(let state): state.connection.notes.set(path, value)
                    case .transaction(let state): state.transaction.notes.set(path, value)
                    case .hmail(let state): state.mail.notes.set(path, value)
                    }
                return isSet ? HARAKA_SUCCESS : HARAKA_E_ARGUMENT
            }
        }
        table.pointee.note_get = { object, path, out in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let out, let path = path.text else { return HARAKA_E_ARGUMENT }
            let value: Value?
            switch host.object(object) {
            case .server: value = host.serverNotes.get(path)
            case .connection(let state): value = state.connection.notes.get(path)
            case .transaction(let state): value = state.transaction.notes.get(path)
            case .hmail(let state): value = state.mail.notes.get(path)
            case nil: return host.badObject(object)
            }
            out.pointee = value.map { host.arena.lend($0) } ?? haraka_value()
            return value == nil ? HARAKA_E_ABSENT : HARAKA_SUCCESS
        }
        fillPointerNotes()
    }

    private func fillPointerNotes() {
        table.pointee.note_set_pointer = { me, object, name, pointer, destroy in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let plugin = host.view(me)?.plugin else { return host.badHandle("self") }
            guard let name = name.text, !name.isEmpty else { return HARAKA_E_ARGUMENT }
            // Nobody would destroy it any more.
            guard !plugin.isRevoked else { return HARAKA_E_REVOKED }
            switch host.object(object) {
            case .server: host.doom(plugin.serverPointers.set(plugin, name, pointer, destroy))
            case .connection(let state): host.doom(state.pointers.set(plugin, name, pointer, destroy))
            case .transaction(let state): host.doom(state.pointers.set(plugin, name, pointer, destroy))
            case .hmail(let state): host.doom(state.pointers.set(plugin, name, pointer, destroy))
            case nil: return host.badObject(object)
            }
            host.settleIfOutside()
            return HARAKA_SUCCESS
        }
        table.pointee.note_get_pointer = { me, object, name, out in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let plugin = host.view(me)?.plugin else { return host.badHandle("self") }
            guard let out, let name = name.text else { return HARAKA_E_ARGUMENT }
            switch host.object(object) {
            case .server: out.pointee = plugin.serverPointers.get(plugin, name)
            case .connection(let state): out.pointee = state.pointers.get(plugin, name)
            case .transaction(let state): out.pointee = state.pointers.get(plugin, name)
            case .hmail(let state): out.pointee = state.pointers.get(plugin, name)
            case nil: return host.badObject(object)
            }
            return out.pointee == nil ? HARAKA_E_ABSENT : HARAKA_SUCCESS
        }
    }
}

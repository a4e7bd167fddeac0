// The functions that the spy puts around the table's. One line each; plugin.h says what they do.

import HarakaPluginABI

/// Short words, so that each function fits a line.
private var real: haraka_host { TableSpy.original }
private func noted(_ function: StaticString, _ body: () -> Int32) -> Int32 { TableSpy.note(function, body) }

extension TableSpy {
    typealias Table = UnsafeMutablePointer<haraka_host>

    static func aroundRegistration(_ table: Table) {
        table.pointee.register_hook = { a, b, c, d in noted("register_hook") { real.register_hook(a, b, c, d) } }
        table.pointee.register_function = { a, b, c, d, e, f in
            noted("register_function") { real.register_function(a, b, c, d, e, f) }
        }
        table.pointee.add_method = { a, b, c, d, e in noted("add_method") { real.add_method(a, b, c, d, e) } }
        // The parent registers inside: what it does is not this function's doing.
        table.pointee.inherits = { a, b in real.inherits(a, b) }
        table.pointee.find_method = { a, b, c in noted("find_method") { real.find_method(a, b, c) } }
        table.pointee.find_parent_method = { a, b, c, d in
            noted("find_parent_method") { real.find_parent_method(a, b, c, d) }
        }
        table.pointee.set_data = { a, b, c in noted("set_data") { real.set_data(a, b, c) } }
    }

    static func aroundAnswers(_ table: Table) {
        // Not quietly: what the host says about an answer is the plugin's fault.
        table.pointee.complete = { next, code, reply in
            let status: Int32 = real.complete(next, code, reply)
            if status >= 0 { TableSpy.look(at: reply) }
            return status
        }
        table.pointee.deadline = { a, b in noted("deadline") { real.deadline(a, b) } }
        table.pointee.on_cancel = { a, b in noted("on_cancel") { real.on_cancel(a, b) } }
        table.pointee.next_arguments = { a, b in noted("next_arguments") { real.next_arguments(a, b) } }
        table.pointee.log = { a, level, c, text in
            TableSpy.logged(level, text)
            TableSpy.quietly { real.log(a, level, c, text) }
        }
        table.pointee.config_get = { a, b, c, d, e in noted("config_get") { real.config_get(a, b, c, d, e) } }
        if real.config_watch != nil {
            table.pointee.config_watch = { a, name, c in
                TableSpy.watches(name)
                return noted("config_watch") { real.config_watch(a, name, c) }
            }
        }
    }

    static func aroundObjects(_ table: Table) {
        table.pointee.get = { a, b, c in noted("get") { real.get(a, b, c) } }
        table.pointee.set = { a, b, c in noted("set") { real.set(a, b, c) } }
        table.pointee.append = { a, b, c in noted("append") { real.append(a, b, c) } }
        table.pointee.respond = { a, b, reply in
            let status = noted("respond") { real.respond(a, b, reply) }
            if status >= 0 { TableSpy.look(at: reply) }
            return status
        }
        table.pointee.disconnect = { a in noted("disconnect") { real.disconnect(a) } }
        table.pointee.pause = { a in noted("pause") { real.pause(a) } }
        table.pointee.resume = { a in noted("resume") { real.resume(a) } }
        table.pointee.note_set = { a, b, c in noted("note_set") { real.note_set(a, b, c) } }
        table.pointee.note_get = { a, b, c in noted("note_get") { real.note_get(a, b, c) } }
        table.pointee.note_set_pointer = { a, b, c, d, e in
            noted("note_set_pointer") { real.note_set_pointer(a, b, c, d, e) }
        }
        table.pointee.note_get_pointer = { a, b, c, d in
            noted("note_get_pointer") { real.note_get_pointer(a, b, c, d) }
        }
    }

    static func aroundResults(_ table: Table) {
        table.pointee.result_add = { a, b, c, d, e in noted("result_add") { real.result_add(a, b, c, d, e) } }
        table.pointee.result_push = { a, b, c, d in noted("result_push") { real.result_push(a, b, c, d) } }
        table.pointee.result_incr = { a, b, c, d in noted("result_incr") { real.result_incr(a, b, c, d) } }
        table.pointee.result_get = { a, b, c, d in noted("result_get") { real.result_get(a, b, c, d) } }
        table.pointee.result_has = { a, b, c, d in noted("result_has") { real.result_has(a, b, c, d) } }
        table.pointee.result_collate = { a, b, c in noted("result_collate") { real.result_collate(a, b, c) } }
    }

    static func aroundMessages(_ table: Table) {
        table.pointee.header_add = { a, b, c, d in noted("header_add") { real.header_add(a, b, c, d) } }
        table.pointee.header_remove = { a, b in noted("header_remove") { real.header_remove(a, b) } }
        table.pointee.header_get = { a, b, c in noted("header_get") { real.header_get(a, b, c) } }
        table.pointee.message_retain = { a, b in
            let status = noted("message_retain") { real.message_retain(a, b) }
            TableSpy.held(1, if: status)
            return status
        }
        table.pointee.message_release = { a in
            // Not noted: after its generation's end a plugin's messages are released already.
            let status = TableSpy.quietly { real.message_release(a) }
            TableSpy.held(-1, if: status)
            return status
        }
        aroundStreams(table)
        aroundAsking(table)
        table.pointee.message_size = { a in TableSpy.quietly { real.message_size(a) } }
        table.pointee.message_read = { a, b, c, d in TableSpy.quietly { real.message_read(a, b, c, d) } }
    }

    /// Since 0.3.
    private static func aroundStreams(_ table: Table) {
        guard real.header_get_decoded != nil else { return }
        table.pointee.header_get_decoded = { a, b, c in
            noted("header_get_decoded") { real.header_get_decoded(a, b, c) }
        }
        table.pointee.header_lines = { a, b in noted("header_lines") { real.header_lines(a, b) } }
        table.pointee.auth_results = { a, b, c in noted("auth_results") { real.auth_results(a, b, c) } }
        table.pointee.message_stream = { a, b, c in noted("message_stream") { real.message_stream(a, b, c) } }
        // Not noted: after its generation's end a plugin's streams are closed already.
        table.pointee.stream_close = { a in TableSpy.quietly { real.stream_close(a) } }
        table.pointee.user_config_get = { a, b, c, d, e, f, g in
            noted("user_config_get") { real.user_config_get(a, b, c, d, e, f, g) }
        }
        table.pointee.process_title = { a, b in TableSpy.quietly { real.process_title(a, b) } }
    }

    /// Since 0.4.
    private static func aroundAsking(_ table: Table) {
        guard real.ask_client != nil else { return }
        table.pointee.ask_client = { a, reply, c, d in
            let status = noted("ask_client") { real.ask_client(a, reply, c, d) }
            if status >= 0 { TableSpy.look(at: reply) }
            return status
        }
        table.pointee.ask_hook = { a, b, c, d, e in noted("ask_hook") { real.ask_hook(a, b, c, d, e) } }
        table.pointee.restart = { a, b in noted("restart") { real.restart(a, b) } }
    }

    static func aroundWork(_ table: Table) {
        table.pointee.post = { a, b in noted("post") { real.post(a, b) } }
        table.pointee.timer_start = { a, b, c, d, e in noted("timer_start") { real.timer_start(a, b, c, d, e) } }
        table.pointee.timer_cancel = { a in noted("timer_cancel") { real.timer_cancel(a) } }
        table.pointee.offload = { a, b, c in noted("offload") { real.offload(a, b, c) } }
    }
}

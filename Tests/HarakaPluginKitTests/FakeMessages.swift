// What the fake host offers of messages and connections: streams, headers, pause, results.
import HarakaPluginABI
import HarakaPluginKit

extension FakeHost {
    func fillMessages() {
        table.pointee.service = { FakeBody.shared.service(Text($0).string) }
        table.pointee.message_retain = { _, out in
            out?.pointee = haraka_message(bits: 8)
            return HARAKA_SUCCESS
        }
        table.pointee.message_size = { _ in 1000 }
        table.pointee.message_release = { _ in HARAKA_SUCCESS }
        table.pointee.message_stream = { _, options, out in
            let options = options?.pointee ?? haraka_stream_options()
            out?.pointee = FakeBody.shared.open("\(options.size) \(options.flags) \(options.chunk_size)")
            return HARAKA_SUCCESS
        }
        table.pointee.stream_read = { stream, buffer, count in
            guard var left = FakeBody.shared.streams[stream.bits], let buffer else { return Int64(HARAKA_E_HANDLE) }
            let piece = left.prefix(count)
            UnsafeMutableRawBufferPointer(start: buffer, count: count).copyBytes(from: piece)
            left.removeFirst(piece.count)
            FakeBody.shared.streams[stream.bits] = left
            return Int64(piece.count)
        }
        table.pointee.stream_close = { stream in
            FakeBody.shared.streams[stream.bits] = nil
            return HARAKA_SUCCESS
        }
        table.pointee.header_get_decoded = { _, name, out in
            out?.pointee = haraka_text_value(abi(lasting("decoded \(Text(name).string)")))
            return HARAKA_SUCCESS
        }
        table.pointee.header_lines = { _, out in
            out?.pointee = haraka_text_value(abi(lasting("A: b")))
            return HARAKA_SUCCESS
        }
    }

    func fillConnections() {
        table.pointee.pause = { _ in
            FakeHost.shared.log.append("pause")
            return HARAKA_SUCCESS
        }
        table.pointee.resume = { _ in
            FakeHost.shared.log.append("resume")
            return HARAKA_SUCCESS
        }
        table.pointee.auth_results = { _, text, out in
            out?.pointee = abi(lasting("me; \(Text(text).string)"))
            return HARAKA_SUCCESS
        }
        table.pointee.process_title = { _, title in
            FakeHost.shared.log.append("title \(Text(title).string)")
            return HARAKA_SUCCESS
        }
        table.pointee.result_collate = { _, plugin, out in
            out?.pointee = abi(lasting("pass: \(Text(plugin).string)"))
            return HARAKA_SUCCESS
        }
        table.pointee.set = { _, property, value in
            guard property != HARAKA_TRAN_RCPT_TO else { return FakeHost.shared.take(recipients: ValueView(value)) }
            FakeHost.shared.log.append("set \(property) \(haraka_value_integer(value, -1))")
            return HARAKA_SUCCESS
        }
    }

    /// Refuses a list with an address that has no domain.
    private func take(recipients: ValueView) -> Int32 {
        let addresses = (0..<recipients.count).compactMap { recipients[$0].address }
        guard addresses.allSatisfy({ !$0.host.isEmpty }) else { return HARAKA_E_ARGUMENT }
        log.append(contentsOf: addresses.map { "to \($0.user.string)@\($0.host.string)" })
        return HARAKA_SUCCESS
    }
}

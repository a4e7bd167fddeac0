// What the fake host offers of names, TLS, domains and questions inside a hook. Contexts are counted: each is let go once.
import HarakaPluginABI
import HarakaPluginKit

/// What is under way, until a test ends it.
final class FakeNames: @unchecked Sendable {
    static let shared = FakeNames()

    struct Lookup {
        let name: String
        let options: haraka_dns_options
        let callback: haraka_dns_callback
    }

    /// What the functions below answer.
    var status = HARAKA_SUCCESS
    /// How many lookups are taken before HARAKA_E_LIMIT.
    var room = Int.max
    var isOffered = true
    var lookups: [Lookup] = []
    var cancelled: [UInt64] = []
    var lines: [haraka_line_callback] = []
    var verdicts: [haraka_verdict_callback] = []
    var handshakes: [haraka_status_callback] = []
    var said: [String] = []
    private let names = UnsafeMutablePointer<haraka_dns_1>.allocate(capacity: 1)
    private let tls = UnsafeMutablePointer<haraka_tls_1>.allocate(capacity: 1)
    private let domains = UnsafeMutablePointer<haraka_domains_1>.allocate(capacity: 1)

    private init() {
        names.initialize(to: haraka_dns_1())
        tls.initialize(to: haraka_tls_1())
        domains.initialize(to: haraka_domains_1())
        fillNames()
        fillTLS()
        fillDomains()
    }

    func service(_ name: String) -> UnsafeRawPointer? {
        guard isOffered else { return nil }
        switch name {
        case "dns/1": return UnsafeRawPointer(names)
        case "tls/1": return UnsafeRawPointer(tls)
        case "domains/1": return UnsafeRawPointer(domains)
        default: return FakeQueue.shared.service(name)
        }
    }

    /// The hook has ended: nothing that is under way will be told.
    func forget() {
        for lookup in lookups { lookup.callback.destroy?(lookup.callback.context) }
        for line in lines { line.destroy?(line.context) }
        for verdict in verdicts { verdict.destroy?(verdict.context) }
        for handshake in handshakes { handshake.destroy?(handshake.context) }
        (lookups, lines, verdicts, handshakes) = ([], [], [], [])
        (said, cancelled, status, room, isOffered) = ([], [], HARAKA_SUCCESS, Int.max, true)
    }

    /// Answers the lookup of that number.
    func answer(_ index: Int, _ status: Int32 = HARAKA_DNS_FOUND, _ text: String = "192.0.2.1") {
        let lookup = lookups.remove(at: index)
        var record = haraka_dns_record()
        (record.type, record.ttl, record.priority) = (HARAKA_DNS_A, 60, 5)
        (record.text, record.data) = (abi(lasting(text)), abi(lasting("\u{1}\u{2}")))
        var answer = haraka_dns_answer()
        answer.size = MemoryLayout<haraka_dns_answer>.size
        (answer.status, answer.security, answer.type, answer.ttl) = (status, HARAKA_DNS_SECURE, HARAKA_DNS_A, 30)
        (answer.name, answer.canonical) = (abi(lasting(lookup.name)), abi(lasting("c." + lookup.name)))
        answer.reason = abi(lasting("why"))
        withUnsafePointer(to: record) { record in
            (answer.records, answer.count) = (record, status == HARAKA_DNS_FOUND ? 1 : 0)
            lookup.callback.function?(lookup.callback.context, &answer)
        }
        lookup.callback.destroy?(lookup.callback.context)
    }

    /// The client says something; nil: too much.
    func say(_ line: String?) {
        let callback = lines.removeFirst()
        let status = line == nil ? HARAKA_E_LIMIT : HARAKA_SUCCESS
        callback.function?(callback.context, status, abi(lasting(line ?? "")))
        callback.destroy?(callback.context)
    }

    /// The plugins of the other hook have decided.
    func decide(_ code: Int32, _ words: [String] = []) {
        let callback = verdicts.removeFirst()
        let lines = words.map { abi(lasting($0)) }
        var reply = haraka_no_reply()
        (reply.code, reply.status_class, reply.status_subject, reply.status_detail) = (535, 5, 7, 8)
        lines.withUnsafeBufferPointer { lines in
            (reply.lines, reply.line_count) = (lines.baseAddress, lines.count)
            withUnsafePointer(to: reply) { reply in
                callback.function?(callback.context, code, words.isEmpty ? nil : reply)
            }
        }
        callback.destroy?(callback.context)
    }

    func endHandshake(_ status: Int32) {
        let callback = handshakes.removeFirst()
        callback.function?(callback.context, status)
        callback.destroy?(callback.context)
    }

    private func fillNames() {
        names.pointee.lookup = { _, name, type, options, callback, out in
            let fake = FakeNames.shared
            guard fake.status >= 0, let callback, let options else { return fake.status }
            guard fake.lookups.count < fake.room else { return HARAKA_E_LIMIT }
            fake.said.append("\(Text(name).string) \(type)")
            let lookup = Lookup(name: Text(name).string, options: options.pointee, callback: callback.pointee)
            fake.lookups.append(lookup)
            out?.pointee = haraka_query(bits: UInt64(fake.lookups.count))
            return HARAKA_SUCCESS
        }
        names.pointee.cancel = { query in
            FakeNames.shared.cancelled.append(query.bits)
            return HARAKA_SUCCESS
        }
        names.pointee.reverse_name = { address, zone, out in
            guard Text(address) != "junk" else { return HARAKA_E_ARGUMENT }
            out?.pointee = abi(lasting("\(Text(address).string) in \(Text(zone).string)"))
            return HARAKA_SUCCESS
        }
    }

    private func fillTLS() {
        tls.pointee.available = { $0.bits == 1 ? 1 : 0 }
        tls.pointee.start = { _, callback in
            guard FakeNames.shared.status >= 0, let callback else { return FakeNames.shared.status }
            FakeNames.shared.handshakes.append(callback.pointee)
            return HARAKA_SUCCESS
        }
        tls.pointee.channel_binding = { _, type, out in
            guard Text(type) == "tls-exporter" else { return HARAKA_E_ABSENT }
            out?.pointee = abi(lasting("key"))
            return HARAKA_SUCCESS
        }
    }

    private func fillDomains() {
        domains.pointee.organizational = { name, out in
            out?.pointee = abi(lasting(Text(name) == "co.uk" ? "" : "example.co.uk"))
            return HARAKA_SUCCESS
        }
        domains.pointee.is_public_suffix = { Text($0) == "co.uk" ? 1 : 0 }
        domains.pointee.has_known_top = { Text($0) == "junk" ? HARAKA_E_ARGUMENT : 1 }
        domains.pointee.to_ascii = { name, out in
            guard Text(name) != "junk" else { return HARAKA_E_ARGUMENT }
            out?.pointee = abi(lasting("xn--\(Text(name).string)"))
            return HARAKA_SUCCESS
        }
    }
}

extension FakeHost {
    func fillQuestions() {
        table.pointee.ask_client = { _, reply, limit, callback in
            guard FakeNames.shared.status >= 0, let reply, let callback else { return FakeNames.shared.status }
            FakeNames.shared.lines.append(callback.pointee)
            FakeNames.shared.said.append("\(reply.pointee.code) \(Text(reply.pointee.lines[0]).string) \(limit)")
            return HARAKA_SUCCESS
        }
        table.pointee.ask_hook = { _, name, arguments, count, callback in
            guard FakeNames.shared.status >= 0, let callback else { return FakeNames.shared.status }
            let texts = (0..<count).map { ValueView(arguments?.advanced(by: $0)).text.string }
            FakeNames.shared.said.append("\(Text(name).string) \(texts.joined(separator: ","))")
            FakeNames.shared.verdicts.append(callback.pointee)
            return HARAKA_SUCCESS
        }
        table.pointee.restart = { _, flags in
            FakeNames.shared.said.append("restart \(flags)")
            return FakeNames.shared.status
        }
        table.pointee.get = { _, property, out in
            if let value = FakeQueue.shared.properties[property] {
                out?.pointee = FakeQueue.laid(value)
                return HARAKA_SUCCESS
            }
            switch property {
            case HARAKA_CONN_TLS_ENABLED: out?.pointee = haraka_boolean(1)
            case HARAKA_CONN_TLS_BITS: out?.pointee = haraka_integer(256)
            case HARAKA_CONN_PROXY, HARAKA_CONN_TLS_PEER: out?.pointee = haraka_null()
            default: out?.pointee = haraka_text_value(abi(lasting("property \(property)")))
            }
            return HARAKA_SUCCESS
        }
    }
}

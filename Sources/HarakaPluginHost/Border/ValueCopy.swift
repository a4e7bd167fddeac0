// Copies of what plugins hand over: values and replies. Everything in them may be wrong.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax

/// Deeper values than this are refused: a plugin could build a list that holds itself.
let maximumValueDepth = 32
/// Values with more parts than this are refused: a list that holds one list many times grows with its depth.
let maximumValueParts = 1 << 18
/// A text, or all texts of one value, may not be longer than this.
let maximumPluginBytes = 16 << 20
/// All lines of one reply.
let maximumReplyBytes = 64 * 1024

/// The copying of one value, with what may still be used up.
struct ValueCopy {
    private var parts = maximumValueParts
    private var bytes = maximumPluginBytes
    /// Why `copy` gave nil: too much (HARAKA_E_LIMIT), or malformed (HARAKA_E_ARGUMENT).
    private(set) var status = HARAKA_E_ARGUMENT

    /// Nil: a type that does not exist, a pointer that is missing, too deep or too much.
    mutating func copy(_ value: haraka_value, depth: Int = 0) -> Value? {
        parts -= 1
        guard depth < maximumValueDepth, parts >= 0 else { return refuse(HARAKA_E_LIMIT) }
        switch value.type {
        case HARAKA_TYPE_NULL: return .null
        case HARAKA_TYPE_BOOLEAN: return .boolean(value.as.integer != 0)
        case HARAKA_TYPE_INTEGER: return .integer(value.as.integer)
        case HARAKA_TYPE_NUMBER: return .number(value.as.number)
        case HARAKA_TYPE_TEXT: return copy(value.as.text)
        case HARAKA_TYPE_LIST: return copy(value.as.list, depth)
        case HARAKA_TYPE_MAP: return copy(value.as.map, depth)
        case HARAKA_TYPE_ADDRESS: return value.as.address.flatMap(Address.init).map(Value.address)
        case HARAKA_TYPE_MX: return value.as.mx.flatMap(MX.init).map(Value.mx)
        default: return nil
        }
    }

    private mutating func refuse(_ status: Int32) -> Value? {
        self.status = status
        return nil
    }

    private mutating func use(_ count: Int) -> Bool {
        bytes -= min(max(0, count), maximumPluginBytes + 1)
        return bytes >= 0
    }

    private mutating func copy(_ text: haraka_str) -> Value? {
        guard use(text.len) else { return refuse(HARAKA_E_LIMIT) }
        guard let bytes = text.bytes else { return nil }
        return String(validating: bytes.bindMemory(to: UInt8.self), as: UTF8.self).map(Value.text)
            ?? .bytes(Array(bytes))
    }

    private mutating func copy(_ list: haraka_list, _ depth: Int) -> Value? {
        guard list.count > 0 else { return list.count == 0 ? .list([]) : refuse(HARAKA_E_LIMIT) }
        guard list.count <= maximumValueParts else { return refuse(HARAKA_E_LIMIT) }
        guard let items = list.items else { return nil }
        var copies: [Value] = []
        for index in 0..<list.count {
            guard let item = copy(items[index], depth: depth + 1) else { return nil }
            copies.append(item)
        }
        return .list(copies)
    }

    private mutating func copy(_ map: haraka_map, _ depth: Int) -> Value? {
        guard map.count > 0 else { return map.count == 0 ? .map(ValueMap()) : refuse(HARAKA_E_LIMIT) }
        guard map.count <= maximumValueParts else { return refuse(HARAKA_E_LIMIT) }
        guard let entries = map.entries else { return nil }
        var copies: [ValueMap.Entry] = []
        var places: [String: Int] = [:]
        for index in 0..<map.count {
            guard use(entries[index].key.len) else { return refuse(HARAKA_E_LIMIT) }
            guard let key = entries[index].key.text, let value = copy(entries[index].value, depth: depth + 1) else {
                return nil
            }
            // The last of a name wins.
            if let place = places[key] {
                copies[place].value = value
            } else {
                places[key] = copies.count
                copies.append(ValueMap.Entry(key, value))
            }
        }
        return .map(ValueMap(copies))
    }
}

extension Value {
    /// A copy of a plugin's value. Nil as in `ValueCopy.copy`.
    init?(_ value: haraka_value) {
        var copy = ValueCopy()
        guard let value = copy.copy(value) else { return nil }
        self = value
    }
}

extension Address {
    /// Rebuilt from its parts, so that a plugin may fill in only user and host. Nil: malformed. The size is looked at
    /// before anything else: an older plugin's struct may be shorter.
    fileprivate init?(_ source: UnsafePointer<haraka_address>) {
        guard source.pointee.size >= MemoryLayout<haraka_address>.size else { return nil }
        let address = source.pointee
        guard address.flags & HARAKA_ADDRESS_NULL == 0 else {
            self = .null
            return
        }
        let host = address.original_host.len > 0 ? address.original_host : address.host
        guard let user = address.user.text, let host = host.text else { return nil }
        self.init(user: user, host: host)
    }
}

extension MX {
    fileprivate init?(_ source: UnsafePointer<haraka_mx>) {
        guard source.pointee.size >= MemoryLayout<haraka_mx>.size else { return nil }
        let mx = source.pointee
        guard let exchange = mx.exchange.text, let path = mx.path.text, let bind = mx.bind.text,
            let helo = mx.bind_helo.text, let user = mx.auth_user.text, let password = mx.auth_pass.text,
            let type = mx.auth_type.text
        else { return nil }
        self.init()
        self.exchange = exchange
        self.path = path
        self.bind = bind
        bindHelo = helo
        authUser = user
        authPassword = password
        authType = type
        priority = Int(mx.priority)
        port = Int(mx.port)
        usesLMTP = mx.flags & HARAKA_MX_LMTP != 0
        // Who asks for both is on the safe side.
        if mx.flags & HARAKA_MX_NO_TLS != 0 { tls = .never }
        if mx.flags & HARAKA_MX_TLS_REQUIRED != 0 { tls = .required }
    }
}

extension PluginReply {
    /// A copy of a plugin's reply. Nil: it is malformed.
    init?(_ reply: UnsafePointer<haraka_reply>?) {
        guard let source = reply else {
            self.init()
            return
        }
        guard source.pointee.size >= MemoryLayout<haraka_reply>.size else { return nil }
        let reply = source.pointee
        guard let lines = PluginReply.lines(reply), reply.code == 0 || (200...599).contains(reply.code),
            let value = reply.value.map({ Value($0.pointee) }) ?? .null
        else { return nil }
        var status: EnhancedStatus?
        if reply.status_class != 0 {
            guard [2, 4, 5].contains(reply.status_class) else { return nil }
            status = EnhancedStatus(
                class: reply.status_class, subject: reply.status_subject, detail: reply.status_detail)
        }
        self.init(lines: lines, code: reply.code == 0 ? nil : Int(reply.code), status: status, value: value)
    }

    private static func lines(_ reply: haraka_reply) -> [String]? {
        guard (0...1000).contains(reply.line_count) else { return nil }
        guard reply.line_count > 0 else { return [] }
        guard let source = reply.lines else { return nil }
        var left = maximumReplyBytes
        var lines: [String] = []
        for index in 0..<reply.line_count {
            guard source[index].len <= left, let line = source[index].text else { return nil }
            left -= max(0, source[index].len)
            lines.append(line)
        }
        return lines
    }
}

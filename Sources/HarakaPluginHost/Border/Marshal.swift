// Between Swift values and the C structs of plugin.h. The only place where the two forms meet.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax

/// Deeper values than this are cut off: a plugin could build a list that holds itself.
let maximumValueDepth = 32
/// A text or list of a plugin longer than this is a plugin error.
let maximumPluginBytes = 16 << 20

extension Arena {
    /// A copy of the text. The empty text is {NULL, 0}.
    mutating func lend(_ text: String) -> haraka_str {
        var text = text
        return text.withUTF8 { lend(UnsafeRawBufferPointer($0)) }
    }

    mutating func lend(_ bytes: UnsafeRawBufferPointer) -> haraka_str {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return haraka_str() }
        let copy = allocate(bytes.count)
        copy.copyMemory(from: source, byteCount: bytes.count)
        return haraka_str(ptr: copy.assumingMemoryBound(to: CChar.self), len: bytes.count)
    }

    mutating func lend(_ value: Value) -> haraka_value {
        var out = haraka_value()
        switch value {
        case .null: break
        case .boolean(let flag):
            out.type = HARAKA_TYPE_BOOLEAN
            out.as.integer = flag ? 1 : 0
        case .integer(let integer):
            out.type = HARAKA_TYPE_INTEGER
            out.as.integer = integer
        case .number(let number):
            out.type = HARAKA_TYPE_NUMBER
            out.as.number = number
        case .text(let text):
            out.type = HARAKA_TYPE_TEXT
            out.as.text = lend(text)
        case .bytes(let bytes):
            out.type = HARAKA_TYPE_TEXT
            out.as.text = bytes.withUnsafeBytes { lend($0) }
        case .list(let items):
            out.type = HARAKA_TYPE_LIST
            out.as.list = lend(list: items)
        case .map(let map):
            out.type = HARAKA_TYPE_MAP
            out.as.map = lend(map: map)
        case .address(let address): out = lend(address)
        case .mx(let mx):
            out.type = HARAKA_TYPE_MX
            out.as.mx = UnsafePointer(lend(mx))
        }
        return out
    }

    private mutating func lend(list items: [Value]) -> haraka_list {
        let copy = allocate(haraka_value.self, items.count)
        for (index, item) in items.enumerated() { copy[index] = lend(item) }
        return haraka_list(items: copy, count: items.count)
    }

    private mutating func lend(map: ValueMap) -> haraka_map {
        let entries = allocate(haraka_entry.self, map.entries.count)
        for (index, entry) in map.entries.enumerated() {
            entries[index] = haraka_entry(key: lend(entry.key), value: lend(entry.value))
        }
        return haraka_map(entries: entries, count: map.entries.count)
    }

    mutating func lend(_ address: Address) -> haraka_value {
        let copy = allocate(haraka_address.self, 1)
        copy.pointee = haraka_address()
        copy.pointee.size = MemoryLayout<haraka_address>.size
        copy.pointee.flags =
            (address.isNull ? HARAKA_ADDRESS_NULL : 0) | (address.isUTF8 ? HARAKA_ADDRESS_UTF8 : 0)
        copy.pointee.original = lend(address.original)
        copy.pointee.user = lend(address.user)
        copy.pointee.host = lend(address.host)
        copy.pointee.original_host = lend(address.originalHost)
        copy.pointee.address = lend(address.address)
        var out = haraka_value()
        out.type = HARAKA_TYPE_ADDRESS
        out.as.address = UnsafePointer(copy)
        return out
    }

    /// ESMTP parameters as a map; one without a value is null.
    mutating func lend(_ parameters: [Parameter]) -> haraka_value {
        var out = haraka_value()
        out.type = HARAKA_TYPE_MAP
        guard !parameters.isEmpty else { return out }
        let entries = allocate(haraka_entry.self, parameters.count)
        for (index, parameter) in parameters.enumerated() {
            let value = parameter.value.map { lend(Value.text($0)) } ?? haraka_value()
            entries[index] = haraka_entry(key: lend(parameter.name), value: value)
        }
        out.as.map = haraka_map(entries: entries, count: parameters.count)
        return out
    }

    private mutating func lend(_ mx: MX) -> UnsafeMutablePointer<haraka_mx> {
        let copy = allocate(haraka_mx.self, 1)
        copy.pointee = haraka_mx()
        copy.pointee.size = MemoryLayout<haraka_mx>.size
        copy.pointee.flags = mx.usesLMTP ? HARAKA_MX_LMTP : 0
        copy.pointee.priority = Int32(clamping: mx.priority)
        copy.pointee.port = UInt32(clamping: mx.port)
        copy.pointee.exchange = lend(mx.exchange)
        copy.pointee.path = lend(mx.path)
        copy.pointee.bind = lend(mx.bind)
        copy.pointee.bind_helo = lend(mx.bindHelo)
        copy.pointee.auth_user = lend(mx.authUser)
        copy.pointee.auth_pass = lend(mx.authPassword)
        copy.pointee.auth_type = lend(mx.authType)
        return copy
    }
}

extension haraka_str {
    /// The bytes while the plugin's call lasts. Nil: a length without a pointer, or an absurd one.
    var bytes: UnsafeRawBufferPointer? {
        guard len > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        guard let ptr, len <= maximumPluginBytes else { return nil }
        return UnsafeRawBufferPointer(start: ptr, count: len)
    }

    /// A copy; bytes that are not UTF-8 are repaired. Nil as in `bytes`.
    var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
}

extension Value {
    /// A copy of a plugin's value. Nil: a type that does not exist, a pointer that is missing, or too deep.
    init?(_ value: haraka_value, depth: Int = 0) {
        guard depth < maximumValueDepth else { return nil }
        switch value.type {
        case HARAKA_TYPE_NULL: self = .null
        case HARAKA_TYPE_BOOLEAN: self = .boolean(value.as.integer != 0)
        case HARAKA_TYPE_INTEGER: self = .integer(value.as.integer)
        case HARAKA_TYPE_NUMBER: self = .number(value.as.number)
        case HARAKA_TYPE_TEXT:
            guard let bytes = value.as.text.bytes else { return nil }
            self = String(validating: bytes.bindMemory(to: UInt8.self), as: UTF8.self).map(Value.text) ?? .bytes(Array(bytes))
        case HARAKA_TYPE_LIST:
            guard let list = Value.list(value.as.list, depth) else { return nil }
            self = list
        case HARAKA_TYPE_MAP:
            guard let map = Value.map(value.as.map, depth) else { return nil }
            self = map
        case HARAKA_TYPE_ADDRESS:
            guard let address = value.as.address?.pointee.copy else { return nil }
            self = .address(address)
        case HARAKA_TYPE_MX:
            guard let mx = value.as.mx?.pointee.copy else { return nil }
            self = .mx(mx)
        default: return nil
        }
    }

    private static func list(_ list: haraka_list, _ depth: Int) -> Value? {
        guard list.count > 0 else { return .list([]) }
        guard let items = list.items, list.count <= 1 << 20 else { return nil }
        var copy: [Value] = []
        for index in 0..<list.count {
            guard let item = Value(items[index], depth: depth + 1) else { return nil }
            copy.append(item)
        }
        return .list(copy)
    }

    private static func map(_ map: haraka_map, _ depth: Int) -> Value? {
        guard map.count > 0 else { return .map(ValueMap()) }
        guard let entries = map.entries, map.count <= 1 << 20 else { return nil }
        var copy = ValueMap()
        for index in 0..<map.count {
            guard let key = entries[index].key.text, let value = Value(entries[index].value, depth: depth + 1) else {
                return nil
            }
            copy[key] = value
        }
        return .map(copy)
    }
}

extension haraka_address {
    /// Rebuilt from its parts, so that a plugin may fill in only user and host.
    fileprivate var copy: Address? {
        guard flags & HARAKA_ADDRESS_NULL == 0 else { return .null }
        guard let user = user.text, let host = (original_host.len > 0 ? original_host : host).text else { return nil }
        return Address(user: user, host: host)
    }
}

extension haraka_mx {
    fileprivate var copy: MX? {
        var mx = MX()
        guard let exchange = exchange.text, let path = path.text, let bind = bind.text, let helo = bind_helo.text,
            let user = auth_user.text, let password = auth_pass.text, let type = auth_type.text
        else { return nil }
        mx.exchange = exchange
        mx.path = path
        mx.bind = bind
        mx.bindHelo = helo
        mx.authUser = user
        mx.authPassword = password
        mx.authType = type
        mx.priority = Int(priority)
        mx.port = Int(port)
        mx.usesLMTP = flags & HARAKA_MX_LMTP != 0
        return mx
    }
}

extension PluginReply {
    /// A copy of a plugin's reply. Nil: it is malformed.
    init?(_ reply: UnsafePointer<haraka_reply>?) {
        guard let reply = reply?.pointee else {
            self = .none
            return
        }
        guard reply.size >= MemoryLayout<haraka_reply>.size, reply.line_count <= 1000 else { return nil }
        self.init()
        if reply.line_count > 0 {
            guard let source = reply.lines else { return nil }
            for index in 0..<reply.line_count {
                guard let line = source[index].text else { return nil }
                lines.append(line)
            }
        }
        if reply.code != 0 {
            guard (200...599).contains(reply.code) else { return nil }
            code = Int(reply.code)
        }
        if reply.status_class != 0 {
            status = EnhancedStatus(Int(reply.status_class), Int(reply.status_subject), Int(reply.status_detail))
        }
        guard let value = reply.value.map({ Value($0.pointee) }) ?? .null else { return nil }
        self.value = value
    }
}

// Swift values as the C structs of plugin.h, lent to plugins. The way back: ValueCopy.swift.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax

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
        copy.pointee.address = lendAddress(address, copy.pointee.original)
        var out = haraka_value()
        out.type = HARAKA_TYPE_ADDRESS
        out.as.address = UnsafePointer(copy)
        return out
    }

    /// user@host. Nearly always what the client wrote between its brackets: then it is lent once.
    private mutating func lendAddress(_ address: Address, _ original: haraka_str) -> haraka_str {
        let isPlain = original.len == address.user.utf8.count + address.originalHost.utf8.count + 3
        guard isPlain, let start = original.ptr, start[0] == CChar(bitPattern: UInt8(ascii: "<")) else {
            return lend(address.address)
        }
        return haraka_str(ptr: start + 1, len: original.len - 2)
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
        if mx.tls != .asSettings {
            copy.pointee.flags |= mx.tls == .required ? HARAKA_MX_TLS_REQUIRED : HARAKA_MX_NO_TLS
        }
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
    /// The bytes while the plugin's call lasts. Nil: a length without a pointer, or an absurd one (from 2^63 on it is
    /// negative here).
    var bytes: UnsafeRawBufferPointer? {
        guard len != 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        guard let ptr, len > 0, len <= maximumPluginBytes else { return nil }
        return UnsafeRawBufferPointer(start: ptr, count: len)
    }

    /// A copy; bytes that are not UTF-8 are repaired. Nil as in `bytes`.
    var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
}

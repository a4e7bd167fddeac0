// What a ClientHello says (RFC 8446, section 4.1.2), read before OpenSSL has decided anything.

import CSSL

/// What is kept of it.
struct ClientHello {
    /// Lower case; empty: none, or nothing that a host could be called.
    var serverName = ""
    /// The highest version that the client offered, as on the wire; 0: unknown.
    var highestVersion: UInt16 = 0

    init() {}

    /// Reads the message that OpenSSL is in the middle of. Only within its callback for the ClientHello.
    init(_ ssl: OpaquePointer) {
        highestVersion = UInt16(truncatingIfNeeded: SSL_client_hello_get0_legacy_version(ssl))
        if let versions = Self.part(ssl, UInt32(TLSEXT_TYPE_supported_versions)) {
            highestVersion = Self.highest(versions) ?? highestVersion
        }
        if let names = Self.part(ssl, UInt32(TLSEXT_TYPE_server_name)) { serverName = Self.name(names) ?? "" }
    }

    /// The content of an extension.
    private static func part(_ ssl: OpaquePointer, _ type: UInt32) -> UnsafeRawBufferPointer? {
        var bytes: UnsafePointer<UInt8>?
        var count = 0
        guard SSL_client_hello_get0_ext(ssl, type, &bytes, &count) == 1 else { return nil }
        return UnsafeRawBufferPointer(start: bytes, count: count)
    }

    /// The highest known number in a list of versions (RFC 8446, section 4.2.1); clients put rubbish among them on
    /// purpose (RFC 8701).
    static func highest(_ bytes: UnsafeRawBufferPointer) -> UInt16? {
        let known: ClosedRange<UInt16> = 0x0300...0x0304
        return stride(from: 1, to: max(1, bytes.count - 1), by: 2)
            .map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
            .filter(known.contains).max()
    }

    /// The host name in the extension server_name (RFC 6066, section 3): a list whose first entry is of type 0.
    static func name(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.count > 5, bytes[2] == 0 else { return nil }
        let count = Int(bytes[3]) << 8 | Int(bytes[4])
        guard (1...255).contains(count), bytes.count >= 5 + count else { return nil }
        return hostName(UnsafeRawBufferPointer(rebasing: bytes[5..<5 + count]))
    }

    /// The name in lower case and without a dot at its end; nil unless it is letters, digits, `-`, `_` and dots.
    static func hostName(_ bytes: some Collection<UInt8>) -> String? {
        var name: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): name.append(byte | 0x20)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): name.append(byte)
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): name.append(byte)
            default: return nil
            }
        }
        if name.last == UInt8(ascii: ".") { name.removeLast() }
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }

    /// `TLSv1.1`, as OpenSSL has it.
    static func versionName(_ number: UInt16) -> String? {
        switch number {
        case 0x0200...0x02FF: "SSLv2"
        case 0x0300: "SSLv3"
        case 0x0301: "TLSv1.0"
        case 0x0302: "TLSv1.1"
        case 0x0303: "TLSv1.2"
        case 0x0304: "TLSv1.3"
        default: nil
        }
    }
}

// OpenSSL's question for a ticket's keys (RFC 5077, section 4).

import CSSL

/// Where OpenSSL wants the keys of one ticket. Tickets are encrypted with AES-256-CBC and authenticated with
/// HMAC-SHA-256, as that section recommends.
struct SessionTickets {
    /// 16 bytes, in the clear at the ticket's front.
    let name: UnsafeMutablePointer<UInt8>
    /// 16 bytes.
    let vector: UnsafeMutablePointer<UInt8>
    let cipher: OpaquePointer
    let mac: OpaquePointer

    /// Looked up once: OpenSSL 3 takes longer to find a cipher by name than to use it.
    nonisolated(unsafe) private static let algorithm = EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)

    /// For a new ticket. 1, or -1 for a failure.
    func make(_ keys: TicketKeys.Keys) -> Int32 {
        UnsafeMutableRawBufferPointer(start: name, count: 16).copyBytes(from: keys.name.prefix(16))
        return RAND_bytes(vector, 16) == 1 && start(keys, encrypts: true) ? 1 : -1
    }

    /// For a ticket that a client shows. 1: go on; 2: and give the client a new one; 0: no keys for it, so that the
    /// handshake is done in full; -1: failure.
    func open(_ keys: TicketKeys) -> Int32 {
        let shown = UnsafeRawBufferPointer(start: name, count: 16)
        guard let (keys, isOld) = keys.keys(named: shown) else { return 0 }
        guard start(keys, encrypts: false) else { return -1 }
        return isOld ? 2 : 1
    }

    private func start(_ keys: TicketKeys.Keys, encrypts: Bool) -> Bool {
        guard EVP_CipherInit_ex(cipher, Self.algorithm, nil, keys.cipher, vector, encrypts ? 1 : 0) == 1 else {
            return false
        }
        return CSSL_set_ticket_mac(mac, keys.mac, keys.mac.count) == 1
    }
}

// One connection's OpenSSL object: sealed bytes on one side, clear ones on the other, no channel.

import CSSL
import HarakaCore
import NIOCore

/// Owns an `SSL`. What comes from the network is fed to it; what it wants to send waits for ``takeSealed()``. All calls
/// on one thread.
///
/// OpenSSL keeps unretained pointers to this object (its application data and its BIO's data), which end with it.
final class TLSConnection {
    /// What became of an operation.
    enum Outcome: Equatable {
        /// For the handshake: it is finished. For reading: there are clear bytes.
        case done
        /// Nothing more until more has been fed.
        case wantsMore
        /// The other side has ended its direction properly (close_notify).
        case ended
        case failed(TLSError)
    }

    /// The greatest content of one record (RFC 8446, section 5.1).
    static let recordSize = 16_384

    let context: TLSContext
    let isServer: Bool
    private(set) var ssl: OpaquePointer
    /// Bytes from the network that OpenSSL has not taken yet.
    private(set) var received: ByteBuffer?
    /// Bytes for the network.
    private var sealed: ByteBuffer?
    private let allocator: ByteBufferAllocator
    /// What the ClientHello said: for the facts, and for the reason of a failure.
    var hello = ClientHello()
    /// The very first byte of the other side: not 22 means that it speaks no TLS.
    private(set) var firstByte: UInt8?
    /// Nothing may be asked of OpenSSL after a fatal error.
    private(set) var isBroken = false
    /// Without a good certificate of the client there is no connection, whatever the context says.
    let demandsCertificate: Bool

    /// Fails only when there is no memory.
    init?(
        server context: TLSContext, demandsCertificate: Bool = false, allocator: ByteBufferAllocator = .init()
    ) {
        guard let ssl = context.makeSSL() else { return nil }
        (self.context, self.ssl, self.allocator, isServer) = (context, ssl, allocator, true)
        self.demandsCertificate = demandsCertificate
        guard attach() else { return nil }
        SSL_set_accept_state(ssl)
        context.adopt(self, as: context.standard)
    }

    /// - Parameter serverName: The name that is asked for, and looked for in the server's certificate.
    init?(
        client context: TLSContext, serverName: String?, resuming session: TLSSession? = nil,
        allocator: ByteBufferAllocator = .init()
    ) {
        guard let ssl = context.makeSSL() else { return nil }
        (self.context, self.ssl, self.allocator, isServer) = (context, ssl, allocator, false)
        demandsCertificate = false
        guard attach() else { return nil }
        SSL_set_connect_state(ssl)
        if let serverName { ClientNames.set(ssl, serverName) }
        let protocols = context.protocols
        if !protocols.isEmpty { SSL_set_alpn_protos(ssl, protocols, UInt32(protocols.count)) }
        if let session { SSL_set_session(ssl, session.pointer) }
    }

    /// The pointers back to this object; see ``ByteBufferBIO``.
    private func attach() -> Bool {
        CSSL_set_app_data(ssl, Unmanaged.passUnretained(self).toOpaque())
        guard let bio = ByteBufferBIO.make(for: self) else { return false }
        SSL_set_bio(ssl, bio, bio)
        return true
    }

    deinit { SSL_free(ssl) }

    /// The connection that OpenSSL calls back about.
    static func of(_ ssl: OpaquePointer?) -> TLSConnection? {
        guard let ssl, let pointer = CSSL_get_app_data(ssl) else { return nil }
        return Unmanaged<TLSConnection>.fromOpaque(pointer).takeUnretainedValue()
    }

    // MARK: the network's side

    /// Takes bytes from the network.
    func feed(_ bytes: inout ByteBuffer) {
        guard bytes.readableBytes > 0, !isBroken else { return }
        if firstByte == nil { firstByte = bytes.getInteger(at: bytes.readerIndex) }
        if received == nil { received = bytes } else { received?.writeBuffer(&bytes) }
    }

    /// Bytes were fed that OpenSSL has not looked at.
    var hasInput: Bool { received != nil }

    var inputCount: Int { received?.readableBytes ?? 0 }

    /// For the BIO: as many bytes as there are and as fit. 0: none.
    func takeReceived(into target: UnsafeMutableRawBufferPointer) -> Int {
        guard let count = received.map({ min($0.readableBytes, target.count) }), count > 0 else { return 0 }
        received?.readWithUnsafeReadableBytes { bytes in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            return count
        }
        // An idle connection holds no buffer.
        if received?.readableBytes == 0 { received = nil }
        return count
    }

    /// For the BIO: bytes for the network.
    func seal(_ bytes: UnsafeRawBufferPointer) {
        if sealed == nil { sealed = allocator.buffer(capacity: bytes.count) }
        sealed?.writeBytes(bytes)
    }

    /// What is to be sent now; nil: nothing.
    func takeSealed() -> ByteBuffer? {
        defer { sealed = nil }
        return sealed
    }

    // MARK: the clear side

    /// Goes on with the handshake as far as what was fed allows.
    func shakeHands() -> Outcome {
        guard !isBroken else { return .wantsMore }
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        guard result == 1 else { return outcome(of: result) }
        if demandsCertificate, let problem = certificateProblem { return refuse(problem) }
        return .done
    }

    /// Appends what can be read to `clear`.
    func read(into clear: inout ByteBuffer) -> Outcome {
        guard !isBroken else { return .wantsMore }
        ERR_clear_error()
        while true {
            // At least what is left of a record, so that one call empties it.
            let room = max(clear.writableBytes, Int(SSL_pending(ssl)), 256)
            var count = 0
            var result: Int32 = 0
            clear.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { bytes in
                result = SSL_read_ex(ssl, bytes.baseAddress, bytes.count, &count)
                return result == 1 ? count : 0
            }
            guard result == 1 else { return outcome(of: result) }
            // Asking once more only to hear that there is nothing would cost as much as reading a short command.
            if received == nil, SSL_has_pending(ssl) == 0 { return .done }
        }
    }

    /// Makes records of bytes; they wait in ``takeSealed()``. The handshake must be finished.
    func write(_ clear: ByteBuffer) -> Outcome {
        guard !isBroken else { return .wantsMore }
        guard clear.readableBytes > 0 else { return .done }
        let records = clear.readableBytes / Self.recordSize + 1
        if sealed == nil { sealed = allocator.buffer(capacity: clear.readableBytes + records * 48) }
        ERR_clear_error()
        var written = 0
        let result = clear.withUnsafeReadableBytes { SSL_write_ex(ssl, $0.baseAddress, $0.count, &written) }
        return result == 1 ? .done : outcome(of: result)
    }

    /// Ends our direction: a close_notify waits in ``takeSealed()``.
    func end() {
        guard !isBroken, SSL_is_init_finished(ssl) == 1 else { return }
        ERR_clear_error()
        // 0 says that the other side has not ended yet, which is as it should be.
        if SSL_shutdown(ssl) < 0 { isBroken = true }
    }

    /// OpenSSL's result in our words. Everything but "later" and the proper end is fatal to the connection.
    private func outcome(of result: Int32) -> Outcome {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wantsMore
        case SSL_ERROR_ZERO_RETURN: return .ended
        default:
            isBroken = true
            let reason = TLSReason(self).text
            return .failed(TLSError(reason))
        }
    }

    /// For rules that OpenSSL was not told of when the handshake began.
    private func refuse(_ problem: String) -> Outcome {
        end()
        isBroken = true
        return .failed(TLSError(problem))
    }
}

// OpenSSL's way to the network: it takes from one ByteBuffer and puts into another; the handler does the rest.

import CSSL
import NIOCore

/// The kind of BIO that belongs to a ``TLSConnection``. OpenSSL's own memory BIO would keep, for each connection, as
/// much memory as it ever needed, and copy once more.
///
/// The BIO's data is an unretained pointer to its connection, which owns it and outlives it. OpenSSL calls these
/// functions only from within calls that the connection made, so on its event loop.
enum ByteBufferBIO {
    /// Made once per process; nil if there was no memory for it.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | Int32(BIO_TYPE_SOURCE_SINK), "ByteBuffer") else {
            return nil
        }
        BIO_meth_set_read_ex(method) { bio, bytes, count, taken in
            guard let bio, let bytes, let taken else { return 0 }
            return ByteBufferBIO.read(bio, UnsafeMutableRawBufferPointer(start: bytes, count: count), &taken.pointee)
        }
        BIO_meth_set_write_ex(method) { bio, bytes, count, taken in
            guard let bio, let bytes, let taken else { return 0 }
            CSSL_BIO_clear_retry_flags(bio)
            ByteBufferBIO.connection(bio)?.seal(UnsafeRawBufferPointer(start: bytes, count: count))
            taken.pointee = count
            return 1
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in
            // Everything is on its way at once, so a flush always succeeds. The other commands mean nothing here.
            command == BIO_CTRL_FLUSH ? 1 : 0
        }
        BIO_meth_set_create(method) { bio in
            BIO_set_init(bio, 1)
            return 1
        }
        return method
    }()

    /// A BIO for both directions; nil if there was no memory for it.
    static func make(for connection: TLSConnection) -> OpaquePointer? {
        guard let method, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(connection).toOpaque())
        return bio
    }

    /// What came from the network. When there is nothing more, OpenSSL is told to ask again later.
    private static func read(
        _ bio: OpaquePointer, _ bytes: UnsafeMutableRawBufferPointer, _ taken: inout Int
    ) -> Int32 {
        CSSL_BIO_clear_retry_flags(bio)
        taken = connection(bio)?.takeReceived(into: bytes) ?? 0
        guard taken == 0 else { return 1 }
        CSSL_BIO_set_retry_read(bio)
        return 0
    }

    private static func connection(_ bio: OpaquePointer) -> TLSConnection? {
        BIO_get_data(bio).map { Unmanaged<TLSConnection>.fromOpaque($0).takeUnretainedValue() }
    }

}

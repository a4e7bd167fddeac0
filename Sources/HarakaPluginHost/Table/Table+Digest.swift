// The digest/1 service. plugin.h "digest/1".

import HarakaPluginABI

/// The table of digest/1, made once. All its functions work on any thread, also without a host.
enum DigestService {
    nonisolated(unsafe) static let table: UnsafeMutablePointer<haraka_digest_1> = {
        let table = UnsafeMutablePointer<haraka_digest_1>.allocate(capacity: 1)
        table.initialize(to: haraka_digest_1())
        table.pointee.size = MemoryLayout<haraka_digest_1>.size
        table.pointee.digest = { algorithm, key, bytes, out, room in
            guard let bytes = bytes.wholeBytes else { return HARAKA_E_ARGUMENT }
            return DigestService.make(algorithm, key) { digest in
                guard digest.update(bytes) else { return HARAKA_E_UNSUPPORTED }
                return DigestService.finish(digest, out, room)
            }
        }
        table.pointee.begin = { algorithm, key in
            var state: UnsafeMutableRawPointer?
            _ = DigestService.make(algorithm, key) { digest in
                state = Unmanaged.passRetained(digest).toOpaque()
                return HARAKA_SUCCESS
            }
            return state
        }
        fillStates(table)
        return table
    }()

    /// States are the plugin's own pointers: one that is used after `finish` or `drop` is the plugin's memory fault.
    private static func fillStates(_ table: UnsafeMutablePointer<haraka_digest_1>) {
        table.pointee.update = { state, bytes in
            guard let state, let bytes = bytes.wholeBytes else { return HARAKA_E_ARGUMENT }
            let digest = Unmanaged<Digest>.fromOpaque(state).takeUnretainedValue()
            return digest.update(bytes) ? HARAKA_SUCCESS : HARAKA_E_UNSUPPORTED
        }
        table.pointee.finish = { state, out, room in
            guard let state else { return HARAKA_E_ARGUMENT }
            return DigestService.finish(Unmanaged<Digest>.fromOpaque(state).takeRetainedValue(), out, room)
        }
        table.pointee.drop = { state in
            if let state { Unmanaged<Digest>.fromOpaque(state).release() }
        }
        table.pointee.equal = { a, b in
            guard let a = a.wholeBytes, let b = b.wholeBytes else { return 0 }
            return Digest.areEqual(a, b) ? 1 : 0
        }
        table.pointee.derive = { algorithm, password, salt, rounds, out, room in
            guard let password = password.wholeBytes, let salt = salt.wholeBytes, let out, room > 0,
                let rounds = Int32(exactly: rounds), rounds > 0
            else { return HARAKA_E_ARGUMENT }
            let key = UnsafeMutableRawBufferPointer(start: out, count: room)
            do throws(Digest.Failure) {
                try Digest.derive(algorithm, password, salt, rounds: rounds, into: key)
                return HARAKA_SUCCESS
            } catch {
                return error.status
            }
        }
        table.pointee.random = { out, room in
            guard let out, room >= 0 else { return HARAKA_E_ARGUMENT }
            return Digest.random(UnsafeMutableRawBufferPointer(start: out, count: room))
                ? HARAKA_SUCCESS : HARAKA_E_UNSUPPORTED
        }
    }

    private static func make(_ algorithm: Int32, _ key: haraka_str, _ body: (Digest) -> Int32) -> Int32 {
        // A length without a pointer is no key, and must not become a plain digest.
        guard let keyBytes = key.wholeBytes else { return HARAKA_E_ARGUMENT }
        do throws(Digest.Failure) {
            return body(try Digest(algorithm, key: key.ptr == nil ? nil : keyBytes))
        } catch {
            return error.status
        }
    }

    /// How many bytes were written, or a status.
    private static func finish(_ digest: Digest, _ out: UnsafeMutableRawPointer?, _ room: Int) -> Int32 {
        guard let out, room >= digest.size else { return HARAKA_E_ARGUMENT }
        return digest.finish(out) ? Int32(digest.size) : HARAKA_E_UNSUPPORTED
    }
}

extension haraka_str {
    /// As `bytes`, however many: what is only read, and not kept, needs no limit.
    var wholeBytes: UnsafeRawBufferPointer? {
        guard len != 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        guard let ptr, len > 0 else { return nil }
        return UnsafeRawBufferPointer(start: ptr, count: len)
    }
}

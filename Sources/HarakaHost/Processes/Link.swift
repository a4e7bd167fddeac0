// The line between the supervisor and one worker: messages, with descriptors attached. docs/processes.md.

import CHarakaProcess
import Glibc
import HarakaSupervisor

/// A message and what came with it. The receiver owns the descriptors.
struct LinkDelivery {
    let message: LinkMessage
    let descriptors: [Int32]
    var verb: String { message.verb }
    var fields: [String] { message.fields }
}

/// One end of the socketpair. `send` from one thread at a time, `receive` likewise.
final class Link: @unchecked Sendable {
    let descriptor: Int32
    private var decoder = LinkDecoder()
    private var arrived: [Int32] = []
    /// Descriptors of "more" frames, which belong to the message that follows.
    private var owed = 0

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        for one in arrived { close(one) }
        close(descriptor)
    }

    /// Two ends that belong together, closed on exec.
    static func pair() throws -> (Link, Link) {
        var ends: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw CommandError("cannot make a socketpair: \(errnoText())")
        }
        for end in ends {
            var size: Int32 = 1 << 20
            setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        return (Link(ends[0]), Link(ends[1]))
    }

    /// How long `send` may wait for a peer that does not read.
    func limitSending(seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// False: the other end is gone, or does not read.
    @discardableResult
    func send(_ verb: String, _ fields: [String] = [], descriptors: [Int32] = []) -> Bool {
        var rest = descriptors[...]
        // Each frame carries as many as one call of the system can; those before the last only bring descriptors.
        while rest.count > Int(HARAKA_DESCRIPTORS) {
            let part = Array(rest.prefix(Int(HARAKA_DESCRIPTORS)))
            rest = rest.dropFirst(part.count)
            guard write(LinkMessage(verb: "more", fields: [], descriptorCount: part.count), part) else { return false }
        }
        return write(LinkMessage(verb: verb, fields: fields, descriptorCount: rest.count), Array(rest))
    }

    private func write(_ message: LinkMessage, _ descriptors: [Int32]) -> Bool {
        let bytes = message.encoded()
        return bytes.withUnsafeBytes { buffer in
            var done = 0
            var attached = descriptors
            while done < buffer.count {
                let start = buffer.baseAddress.map { $0 + done }
                let count = haraka_send(descriptor, start, buffer.count - done, attached, attached.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                attached = []
                done += count
            }
            return true
        }
    }

    /// Reads once and returns the messages that are complete now. Nil: the other end is gone, or talks nonsense.
    func receive() -> [LinkDelivery]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var descriptors = [Int32](repeating: -1, count: Int(HARAKA_DESCRIPTORS))
        var room = descriptors.count
        var count = haraka_receive(descriptor, &buffer, buffer.count, &descriptors, &room)
        while count < 0, errno == EINTR {
            room = descriptors.count
            count = haraka_receive(descriptor, &buffer, buffer.count, &descriptors, &room)
        }
        guard count > 0 else { return nil }
        arrived += descriptors.prefix(room)
        buffer.withUnsafeBytes { decoder.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        return complete()
    }

    private func complete() -> [LinkDelivery]? {
        var found: [LinkDelivery] = []
        do throws(LinkError) {
            while let message = try decoder.next() {
                owed += message.descriptorCount
                guard message.verb != "more" else { continue }
                guard owed <= arrived.count else { return nil }
                found.append(LinkDelivery(message: message, descriptors: Array(arrived.prefix(owed))))
                arrived.removeFirst(owed)
                owed = 0
            }
        } catch { return nil }
        return found
    }
}

// A fault page as a worker would leave it, written by hand.

import CHarakaFault
import Glibc
import Testing

@testable import HarakaPluginHost

/// A page with two plugins, two hooks and a connection. It stays mapped until the tests end.
struct FaultPage {
    let pointer: UnsafeMutablePointer<haraka_fault_page>
    let maildir: UInt32
    let tarpit: UInt32
    private let data: UInt32
    private let rcpt: UInt32

    static let hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    static let uuid = "6F0C3A1E-1111-4000-8000-000000000001"

    init() throws {
        var descriptor: Int32 = -1
        pointer = try #require(haraka_fault_page_create(&descriptor))
        close(descriptor)
        maildir = haraka_fault_add_plugin(pointer, "queue/maildir", Self.hash, 7)
        tarpit = haraka_fault_add_plugin(pointer, "tarpit", "fedcba9876543210", 8)
        data = haraka_fault_hook(pointer, "data_post")
        rcpt = haraka_fault_hook(pointer, "rcpt")
        haraka_fault_set_connection(pointer, 3, Self.uuid, "192.0.2.7")
        haraka_fault_set_mapping(
            pointer, maildir, UnsafeRawPointer(bitPattern: 0x7f00_0000_0000),
            UnsafeRawPointer(bitPattern: 0x7f00_0000_4000))
    }

    /// The frame of maildir's data_post for the connection.
    var inMaildir: haraka_fault_frame {
        haraka_fault_frame(plugin: maildir, hook: data, connection: 4, reserved: 0, calls: 9)
    }

    /// The frame of tarpit's rcpt, for no connection.
    var inTarpit: haraka_fault_frame {
        haraka_fault_frame(plugin: tarpit, hook: rcpt, connection: 0, reserved: 0, calls: 9)
    }

    /// What a handler records of a fault.
    func record(
        _ signal: Int32, code: Int32 = 1, address: UInt64 = 0x10, frame: haraka_fault_frame = haraka_fault_frame(),
        isLoop: Bool = true
    ) {
        pointer.pointee.record.signal = signal
        pointer.pointee.record.code = code
        pointer.pointee.record.address = address
        pointer.pointee.record.frame = frame
        pointer.pointee.record.is_loop = isLoop ? 1 : 0
        pointer.pointee.record.kind = UInt32(HARAKA_FAULT_SIGNAL)
    }

    func setJob(_ index: Int, _ frame: haraka_fault_frame) {
        withUnsafeMutableBytes(of: &pointer.pointee.jobs) { bytes in
            bytes.storeBytes(
                of: haraka_fault_job(thread: 1000 + Int32(index), frame: frame),
                toByteOffset: index * MemoryLayout<haraka_fault_job>.stride, as: haraka_fault_job.self)
        }
    }

    func setBacktrace(_ addresses: [UInt64], _ maps: String) {
        withUnsafeMutableBytes(of: &pointer.pointee.record.addresses) { bytes in
            for (index, address) in addresses.enumerated() {
                bytes.storeBytes(of: address, toByteOffset: index * 8, as: UInt64.self)
            }
        }
        pointer.pointee.record.count = UInt32(addresses.count)
        var size: UInt32 = 0
        guard let start = haraka_fault_maps(pointer, &size) else { return }
        UnsafeMutablePointer(mutating: start).update(from: maps, count: maps.utf8.count)
        pointer.pointee.record.maps_size = UInt32(maps.utf8.count)
    }

    /// The report after an exit with that status.
    func report(exit status: Int32) -> CrashReport { CrashReport(page: pointer, status: status << 8) }
    /// The report after a death of that signal.
    func report(signal: Int32) -> CrashReport { CrashReport(page: pointer, status: signal) }
}

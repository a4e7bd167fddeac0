// Small rules that need no session: networks, counts, lines for the log, what is short, and turns.

import HarakaCore
import NIOCore
import NIOEmbedded
import Testing

@testable import HarakaNet

@Suite("Counting")
struct CountingTests {
    @Test(
        "a network holds what is in it",
        arguments: [
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false), ("0.0.0.0/0", "198.51.100.1", true), ("0.0.0.0/0", "::1", false),
            ("2001:db8::1", "2001:db8::ffff:1", true), ("2001:db8::1", "2001:db8:0:1::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::1/128", "2001:db8::2", false),
            ("192.0.2.0/33", "192.0.2.0", false), ("192.0.2.0/", "192.0.2.0", false), ("nonsense", "192.0.2.0", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true), ("192.0.2.1", "no address", false),
        ])
    func networks(network: String, address: String, isIn: Bool) {
        #expect(NetworkList([network]).contains(address) == isIn)
        #expect(NetworkList(["203.0.113.0/24", network]).contains(address) == isIn)
    }

    @Test("an IPv6 client counts as its /64, an IPv4 client as itself however it is written")
    func addresses() throws {
        func key(_ ip: String) throws -> ClientAddress? {
            let key = ClientAddress(try SocketAddress(ipAddress: ip, port: 1))
            #expect(key == IPAddress(ip).map { ClientAddress($0) })
            return key
        }
        #expect(try key("2001:db8:1:2::1") == key("2001:db8:1:2:ffff::9"))
        #expect(try key("2001:db8:1:2::1") != key("2001:db8:1:3::1"))
        #expect(try key("192.0.2.1") == key("::ffff:192.0.2.1"))
        #expect(try key("192.0.2.1") != key("192.0.2.2"))
        #expect(try key("::c000:201") != key("192.0.2.1"))
        #expect(ClientAddress(try SocketAddress(unixDomainSocketPath: "/x")) == nil)
    }

    @Test("the first of an address is a line at once, the others one line after a second, and then it is quiet")
    func log() {
        var log = TurnedAwayLog()
        #expect(log.note("192.0.2.1", "full") == "client turned away: full ip=192.0.2.1")
        #expect(log.note("192.0.2.1", "full") == nil && log.note("192.0.2.1", "full") == nil)
        #expect(log.note("192.0.2.2", "full") == "client turned away: full ip=192.0.2.2")
        #expect(log.settle() == ["client turned away: full ip=192.0.2.1 count=2"])
        #expect(log.note("192.0.2.1", "full") == nil)
        #expect(log.settle() == ["client turned away: full ip=192.0.2.1 count=1"])
        #expect(!log.isEmpty)
        #expect(log.settle() == [] && log.isEmpty)
    }

    @Test("with very many addresses the others share a line")
    func logOfMany() {
        var log = TurnedAwayLog()
        let lines = (0..<1000).compactMap { log.note("192.0.2.\($0)", "full") }
        #expect(lines.count == 101)
        #expect(lines.last == "client turned away: full ip=others")
        #expect(log.settle() == ["client turned away: full ip=others count=899"])
    }

    @Test("what is short begins below its limit and ends an eighth above it")
    func shortage() {
        var limits = PressureLimits()
        (limits.minFreeDisk, limits.minFreeMemory, limits.maxMemory, limits.spareDescriptors) = (800, 800, 800, 80)
        func short(_ supplies: Supplies, _ last: Shortage? = nil) -> Shortage? { supplies.shortage(limits, last: last) }
        #expect(short(Supplies(freeDisk: 800)) == nil && short(Supplies(freeDisk: 799)) == .disk)
        #expect(short(Supplies(freeDisk: 899), .disk) == .disk && short(Supplies(freeDisk: 900), .disk) == nil)
        #expect(short(Supplies(freeMemory: 799)) == .memory && short(Supplies(freeMemory: 899), .disk) == nil)
        #expect(short(Supplies(freeDescriptors: 79)) == .descriptors && short(Supplies(freeDescriptors: 80)) == nil)
        #expect(short(Supplies(ownMemory: 800)) == nil && short(Supplies(ownMemory: 801)) == .ownMemory)
        #expect(short(Supplies(ownMemory: 701), .ownMemory) == .ownMemory)
        #expect(short(Supplies(ownMemory: 700), .ownMemory) == nil)
        #expect(short(Supplies()) == nil)
        limits = PressureLimits()
        (limits.minFreeDisk, limits.minFreeMemory, limits.spareDescriptors) = (0, 0, 0)
        #expect(
            Supplies(freeDisk: 0, freeMemory: 0, ownMemory: .max, freeDescriptors: 0).shortage(limits, last: nil) == nil
        )
    }

    @Test("the system is asked once a second, and sooner when clients may have taken the last descriptors")
    func gauge() {
        var limits = PressureLimits()
        limits.spareDescriptors = 10
        let gauge = PressureGauge(limits, folder: "/spool")
        var asked = 0
        var free = 20
        var told: [Shortage?] = []
        gauge.read = { _, folder in
            #expect(folder == "/spool")
            asked += 1
            return Supplies(freeDescriptors: free)
        }
        gauge.changed = { shortage, _ in told.append(shortage) }
        let start = NIODeadline.now()
        #expect(gauge.shortage(now: start, clients: 5) == nil)
        #expect(gauge.shortage(now: start + .milliseconds(999), clients: 15) == nil && asked == 1)
        free = 9
        #expect(gauge.shortage(now: start + .milliseconds(999), clients: 16) == .descriptors && asked == 2)
        #expect(gauge.shortage(now: start + .milliseconds(1500), clients: 99) == .descriptors && asked == 2)
        free = 20
        #expect(gauge.shortage(now: start + .milliseconds(2000), clients: 16) == nil && asked == 3)
        #expect(told == [.descriptors, nil])
    }

    @Test("what the system says of itself")
    func system() throws {
        var limits = PressureLimits()
        limits.maxMemory = 1
        let supplies = Supplies.read(limits, spool: "/tmp")
        #expect(try #require(supplies.freeDisk) > 0)
        #expect(try #require(supplies.freeMemory) > 1_000_000)
        let own = try #require(supplies.ownMemory)
        #expect(own > 1_000_000 && own < 100_000_000_000)
        #expect(try #require(supplies.freeDescriptors) > 0)
        #expect(Supplies.read(limits, spool: "/does/not/exist").freeDisk == nil)
    }

    @Test("handshakes go on eight in a turn, in the order of their coming, and read nothing while they wait")
    func pace() throws {
        let loop = EmbeddedEventLoop()
        let pace = HandshakePace(loop)
        let channels = try (0..<20).map { _ in
            let channel = EmbeddedChannel(loop: loop)
            try channel.pipeline.syncOperations.addHandler(PacedHandshake(pace))
            return channel
        }
        for (index, channel) in channels.enumerated() {
            try channel.writeInbound(ByteBuffer(bytes: [UInt8(index)]))
            try channel.writeInbound(ByteBuffer(bytes: [99]))
        }
        func gone() throws -> [[UInt8]] {
            try channels.map { channel in
                var bytes: [UInt8] = []
                while let buffer = try channel.readInbound(as: ByteBuffer.self) {
                    bytes += Array(buffer.readableBytesView)
                }
                return bytes
            }
        }
        // Two steps for each of the first four.
        #expect(try gone() == (0..<20).map { $0 < 4 ? [UInt8($0), 99] : [] })
        loop.advanceTime(by: .microseconds(100))
        #expect(try gone() == (0..<20).map { (4..<12).contains($0) ? [UInt8($0), 99] : [] })
        loop.advanceTime(by: .microseconds(100))
        #expect(try gone() == (0..<20).map { $0 >= 12 ? [UInt8($0), 99] : [] })
        for channel in channels { _ = try? channel.finish() }
    }
}

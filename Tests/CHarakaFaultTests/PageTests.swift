// The page as memory: its file, its tables of names.

import CHarakaFault
import Glibc
import Testing

/// A page for one test, which stays mapped until the tests end: it is sparse.
private struct Page {
    let pointer: UnsafeMutablePointer<haraka_fault_page>
    let descriptor: Int32

    init() throws {
        var descriptor: Int32 = -1
        pointer = try #require(haraka_fault_page_create(&descriptor))
        self.descriptor = descriptor
    }

    func name(_ plugin: UInt32) -> String? {
        haraka_fault_plugin_entry(pointer, plugin).map {
            withUnsafeBytes(of: $0.pointee.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
    }
}

@Suite struct PageTests {
    @Test("two mappings of a descriptor are one page")
    func shared() throws {
        let page = try Page()
        let other = try #require(haraka_fault_page_map(page.descriptor))
        defer { haraka_fault_page_unmap(other) }
        page.pointer.pointee.loop.calls = 77
        #expect(other.pointee.loop.calls == 77)
    }

    @Test("the page's file is closed on exec and keeps its size")
    func file() throws {
        let page = try Page()
        #expect(fcntl(page.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect(ftruncate(page.descriptor, 0) == -1)
        #expect(errno == EPERM)
    }

    @Test("another file is no page")
    func otherFile() {
        let zero = open("/dev/zero", O_RDWR | O_CLOEXEC)
        defer { close(zero) }
        #expect(haraka_fault_page_map(zero) == nil)
        #expect(errno == EINVAL)
        #expect(haraka_fault_page_map(-1) == nil)
        #expect(errno == EBADF)
    }

    @Test("a new page takes next to no memory")
    func sparse() throws {
        let page = try Page()
        var status = stat()
        #expect(fstat(page.descriptor, &status) == 0)
        #expect(status.st_size == MemoryLayout<haraka_fault_page>.size)
        #expect(status.st_blocks == 0)
    }

    @Test("plugins are found by address while they are mapped, both ends considered")
    func addresses() throws {
        let page = try Page()
        let first = haraka_fault_add_plugin(page.pointer, "first", "aa", 1)
        let second = haraka_fault_add_plugin(page.pointer, "second", "bb", 1)
        #expect([first, second] == [1, 2])
        func at(_ address: UInt) -> UInt32 {
            haraka_fault_plugin_at(page.pointer, UnsafeRawPointer(bitPattern: address))
        }
        #expect(at(0x1000) == 0)
        haraka_fault_set_mapping(
            page.pointer, first, UnsafeRawPointer(bitPattern: 0x1000), UnsafeRawPointer(bitPattern: 0x2000))
        haraka_fault_set_mapping(
            page.pointer, second, UnsafeRawPointer(bitPattern: 0x2000), UnsafeRawPointer(bitPattern: 0x3000))
        #expect([0xfff, 0x1000, 0x1fff, 0x2000, 0x2fff, 0x3000].map(at) == [0, 1, 1, 2, 2, 0])
        haraka_fault_remove_plugin(page.pointer, first)
        #expect([0x1000, 0x2000].map(at) == [0, 2])
    }

    @Test("a full table of plugins takes no more, and a removed one makes room; its name stays until then")
    func fullTable() throws {
        let page = try Page()
        for index in 1...UInt32(HARAKA_FAULT_PLUGINS) {
            #expect(haraka_fault_add_plugin(page.pointer, "plugin \(index)", "", 1) == index)
        }
        #expect(haraka_fault_add_plugin(page.pointer, "late", "", 2) == 0)
        haraka_fault_remove_plugin(page.pointer, 700)
        #expect(page.name(700) == "plugin 700")
        #expect(haraka_fault_add_plugin(page.pointer, "late", "", 2) == 700)
        #expect(page.name(700) == "late")
    }

    @Test("an entry is not used again while there are others")
    func reuse() throws {
        let page = try Page()
        let first = haraka_fault_add_plugin(page.pointer, "first", "", 1)
        haraka_fault_remove_plugin(page.pointer, first)
        #expect(haraka_fault_add_plugin(page.pointer, "second", "", 1) != first)
        #expect(page.name(first) == "first")
    }

    @Test("names of hooks are interned, and cut where they are too long")
    func hooks() throws {
        let page = try Page()
        let long = String(repeating: "h", count: 100)
        #expect(haraka_fault_hook(page.pointer, "mail") == 1)
        #expect(haraka_fault_hook(page.pointer, "rcpt") == 2)
        #expect(haraka_fault_hook(page.pointer, "mail") == 1)
        #expect(haraka_fault_hook(page.pointer, "mai") == 3)
        #expect(haraka_fault_hook(page.pointer, long) == 4)
        #expect(haraka_fault_hook(page.pointer, long) == 4)
        #expect(haraka_fault_hook_entry(page.pointer, 4).map { String(cString: $0) } == String(long.prefix(63)))
        #expect(haraka_fault_hook(page.pointer, "") == 0)
        for index in 5...Int(HARAKA_FAULT_HOOKS) { #expect(haraka_fault_hook(page.pointer, "hook \(index)") == index) }
        #expect(haraka_fault_hook(page.pointer, "one more") == 0)
        #expect(haraka_fault_hook(page.pointer, "rcpt") == 2)
    }

    @Test("a plugin's name and hash are cut where they are too long")
    func longNames() throws {
        let page = try Page()
        let plugin = haraka_fault_add_plugin(
            page.pointer, String(repeating: "n", count: 200), String(repeating: "a", count: 64), 9)
        let entry = try #require(haraka_fault_plugin_entry(page.pointer, plugin)).pointee
        #expect(page.name(plugin) == String(repeating: "n", count: 95))
        #expect(withUnsafeBytes(of: entry.hash) { $0.prefix { $0 != 0 }.count } == 64)
        #expect(entry.generation == 9)
    }

    @Test("a connection's name replaces the one before wholly; an index that is too large is ignored")
    func connections() throws {
        let page = try Page()
        haraka_fault_set_connection(page.pointer, 0, "A-LONGER-UUID", "2001:db8::1")
        haraka_fault_set_connection(page.pointer, 0, "UUID", "::1")
        haraka_fault_set_connection(page.pointer, UInt32(HARAKA_FAULT_CONNECTIONS), "x", "y")
        let entry = try #require(haraka_fault_connection_entry(page.pointer, 1)).pointee
        #expect(withUnsafeBytes(of: entry.uuid) { Array($0) } == Array("UUID".utf8) + Array(repeating: 0, count: 33))
        #expect(withUnsafeBytes(of: entry.remote) { Array($0.prefix(12)) } == Array("::1\0\0\0\0\0\0\0\0\0".utf8))
    }

    @Test("numbers beyond the tables point to nothing", arguments: [0, UInt32.max])
    func noEntries(number: UInt32) throws {
        let page = try Page().pointer
        page.pointee.record.count = UInt32.max
        page.pointee.record.maps_size = UInt32.max
        var size: UInt32 = 0
        #expect(haraka_fault_plugin_entry(page, number) == nil)
        #expect(haraka_fault_hook_entry(page, number) == nil)
        #expect(haraka_fault_connection_entry(page, number) == nil)
        #expect(haraka_fault_job_entry(page, number) == nil)
        #expect(haraka_fault_address(page, UInt32(HARAKA_FAULT_ADDRESSES)) == 0)
        #expect(haraka_fault_maps(page, &size) != nil)
        #expect(size == HARAKA_FAULT_MAPS)
        haraka_fault_set_mapping(page, number, nil, nil)
        haraka_fault_remove_plugin(page, number)
    }

    @Test("as many jobs as there are entries have frames; one more has none")
    func jobs() throws {
        let page = try Page().pointer
        let frames = (0..<HARAKA_FAULT_JOBS).map { _ in haraka_fault_job_begins(page, 1, 2) }
        #expect(frames.allSatisfy { $0?.pointee.plugin == 1 && $0?.pointee.hook == 2 })
        #expect(Set(frames.map { $0.map { UInt(bitPattern: $0) } }).count == Int(HARAKA_FAULT_JOBS))
        #expect(haraka_fault_job_begins(page, 1, 2) == nil)
        haraka_fault_job_ends(page, nil)
        haraka_fault_job_ends(page, frames[5])
        #expect(haraka_fault_job_entry(page, 5) == nil)
        #expect(haraka_fault_job_begins(page, 3, 4) == frames[5])
        for frame in frames { haraka_fault_job_ends(page, frame) }
    }
}

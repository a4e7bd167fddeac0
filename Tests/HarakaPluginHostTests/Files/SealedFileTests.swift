// Sealing a file: who may own and change it, what is copied, and that nothing can change the copy.

import Foundation
import Testing

@testable import HarakaPluginHost

@Suite struct SealedFileTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func error(_ path: String, afterCopy: () -> Void = {}) -> PluginFileError? {
        do throws(PluginFileError) {
            _ = try SealedFile(path, afterCopy: afterCopy)
            return nil
        } catch {
            return error
        }
    }

    @Test("the copy has the file's bytes, hash and path, and stays when the file is gone")
    func copy() throws {
        // More than one buffer, and no multiple of it.
        let bytes = (0..<(2 << 20) + 77).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let path = try folder.write("x.so", bytes)
        let sealed = try SealedFile(path)
        try FileManager.default.removeItem(atPath: path)
        #expect(sealed.origin == path)
        #expect(sealed.path == "/proc/self/fd/\(sealed.descriptor)")
        #expect(sealed.withBytes { $0.elementsEqual(bytes) })
        #expect(try fileBytes(sealed.path) == bytes)
        #expect(sealed.hash == bytes.withUnsafeBytes { SHA256.hex($0) })
    }

    @Test("the copy can be loaded by its path, and runs")
    func loads() throws {
        let sealed = try SealedFile(folder.build("int answer(void) { return 42; }"))
        let library = try #require(dlopen(sealed.path, RTLD_NOW | RTLD_LOCAL))
        defer { dlclose(library) }
        let symbol = try #require(dlsym(library, "answer"))
        typealias Answer = @convention(c) () -> Int32
        #expect(unsafeBitCast(symbol, to: Answer.self)() == 42)
    }

    @Test("a link is followed, and the origin is where it leads")
    func link() throws {
        let path = try folder.write("x.so", [1])
        let link = folder.path + "/link.so"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "x.so")
        #expect(try SealedFile(link).origin == path)
    }

    @Test("the copy can't be written, grown, shortened or unsealed")
    func seals() throws {
        let sealed = try SealedFile(folder.write("x.so", [1, 2, 3]))
        // F_GET_SEALS: F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE, which Glibc's module does not name.
        #expect(fcntl(sealed.descriptor, 1034) & 0xf == 0xf)
        #expect(pwrite(sealed.descriptor, "x", 1, 0) == -1)
        #expect(errno == EPERM)
        #expect(ftruncate(sealed.descriptor, 1) == -1)
        #expect(errno == EPERM)
        #expect(ftruncate(sealed.descriptor, 9) == -1)
        #expect(errno == EPERM)
        #expect(mmap(nil, 3, PROT_READ | PROT_WRITE, MAP_SHARED, sealed.descriptor, 0) == MAP_FAILED)
        #expect(fcntl(sealed.descriptor, 1033, 0x10) == -1)
        #expect(errno == EPERM)
        #expect(fcntl(sealed.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test("the descriptor is closed when the value goes")
    func closes() throws {
        let path = try folder.write("only-this-test.so", [1])
        func isOpen(_ number: Int32) -> Bool {
            var target = [CChar](repeating: 0, count: 4096)
            let count = readlink("/proc/self/fd/\(number)", &target, target.count)
            let text = String(decoding: target.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return text.contains("memfd:only-this-test.so")
        }
        func sealed() throws -> Int32 {
            let sealed = try SealedFile(path)
            #expect(isOpen(sealed.descriptor))
            return sealed.descriptor
        }
        #expect(try !isOpen(sealed()))
    }

    /// A descriptor of a memory file that nobody sealed; -1 if there is none.
    private func duplicateOfMemory() -> Int32 {
        guard let memory = OwnedDescriptor.memory("open") else { return -1 }
        return dup(memory.number)
    }

    @Test("a sealed copy is taken over from its descriptor; anything else is not")
    func inherited() throws {
        let sealed = try SealedFile(folder.write("x.so", [1, 2, 3]))
        let taken = try SealedFile(inherited: dup(sealed.descriptor), origin: "/plugins/x.so")
        #expect(taken.hash == sealed.hash)
        #expect(taken.origin == "/plugins/x.so")
        #expect(taken.withBytes { Array($0) } == [1, 2, 3])
        let plain = open(folder.path + "/x.so", O_RDONLY)
        #expect(throws: PluginFileError(path: "/plugins/x.so", reason: .notSealed)) {
            _ = try SealedFile(inherited: plain, origin: "/plugins/x.so")
        }
        // Without this line the refusal below could come from a descriptor that is closed.
        let unsealed = duplicateOfMemory()
        #expect(fcntl(unsealed, F_GETFD) >= 0)
        #expect(throws: PluginFileError(path: "/plugins/x.so", reason: .notSealed)) {
            _ = try SealedFile(inherited: unsealed, origin: "/plugins/x.so")
        }
        #expect(throws: PluginFileError(path: "/plugins/x.so", reason: .notSealed)) {
            _ = try SealedFile(inherited: -1, origin: "/plugins/x.so")
        }
    }

    @Test("a missing file, a folder, a pipe and an empty file are refused")
    func kinds() throws {
        let missing = folder.path + "/none.so"
        #expect(error(missing)?.description == "\(missing) can't be opened: No such file or directory")
        #expect(error(folder.path) == PluginFileError(path: folder.path, reason: .notRegular))
        let pipe = folder.path + "/pipe.so"
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(error(pipe) == PluginFileError(path: pipe, reason: .notRegular))
        let empty = try folder.write("empty.so", [])
        #expect(error(empty) == PluginFileError(path: empty, reason: .elf(.empty)))
    }

    @Test("256 MiB is the limit")
    func size() throws {
        let path = try folder.write("x.so", [1])
        // Sparse: it takes no room, and it is refused before it is read.
        #expect(truncate(path, (256 << 20) + 1) == 0)
        #expect(error(path) == PluginFileError(path: path, reason: .tooLarge((256 << 20) + 1)))
    }

    @Test(
        "a file that group or others may write is refused with the chmod that helps",
        arguments: [0o664, 0o646, 0o666, 0o777] as [mode_t])
    func writableFile(mode: mode_t) throws {
        let path = try folder.write("x.so", [1], mode: mode)
        let expected = "\(path) can be changed by its group or by anyone: run: chmod go-w \(path)"
        #expect(error(path)?.description == expected)
    }

    @Test("modes that only the owner may write are accepted", arguments: [0o400, 0o600, 0o644, 0o755] as [mode_t])
    func readOnlyFile(mode: mode_t) throws {
        #expect(error(try folder.write("x.so", [1], mode: mode)) == nil)
    }

    @Test(
        "a folder above it that group or others may write is refused with the chmod that helps",
        arguments: [0o775, 0o757] as [mode_t])
    func writableFolder(mode: mode_t) throws {
        let path = try folder.write("my plugins/it's/x.so", [1])
        let above = folder.path + "/my plugins"
        #expect(error(path) == nil)
        #expect(chmod(above, mode) == 0)
        let expected =
            "\(path) can be replaced, because group or others may write to \(above): run: chmod go-w '\(above)'"
        #expect(error(path)?.description == expected)
        let near = above + "/it's"
        #expect(chmod(near, mode) == 0)
        #expect(error(path)?.description.hasSuffix("run: chmod go-w '\(folder.path)/my plugins/it'\\''s'") == true)
    }

    @Test("a sticky folder is accepted if it belongs to root, and only then")
    func sticky() throws {
        let path = try folder.write("sticky/x.so", [1])
        let above = folder.path + "/sticky"
        #expect(chmod(above, 0o1777) == 0)
        let refused = PluginFileError(path: path, reason: .writableByOthers(path: above))
        #expect(error(path) == (geteuid() == 0 ? nil : refused))
        guard geteuid() == 0 else { return }
        #expect(chown(above, 12_345, 0) == 0)
        #expect(error(path) == refused)
    }

    @Test("a file of another user is refused with the chown that helps")
    func owner() throws {
        let path = try folder.write("x.so", [1])
        var status = stat()
        #expect(stat(path, &status) == 0)
        // The rule itself, as a process of another user would apply it.
        let stranger = FileTrust(user: 54_321)
        func refusal(_ uid: uid_t) -> PluginFileError? {
            status.st_uid = uid
            do throws(PluginFileError) {
                try stranger.check(path, status)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal(12_345)?.reason == .foreignOwner(owner: 12_345, process: 54_321))
        #expect(
            refusal(12_345)?.description == "\(path) belongs to user 12345, neither to root nor to user 54321, "
                + "whom this server runs as: run: chown 54321 \(path)")
        #expect(refusal(0) == nil)
        #expect(refusal(54_321) == nil)
        // The whole way, where this process may give a file away.
        guard geteuid() == 0 else { return }
        #expect(chown(path, 12_345, 0) == 0)
        #expect(error(path)?.reason == .foreignOwner(owner: 12_345, process: 0))
    }

    @Test("a file that changes while it is copied is refused")
    func changes() throws {
        let path = try folder.write("x.so", [1, 2, 3])
        let refused = PluginFileError(path: path, reason: .changedWhileCopied)
        // The same size with another time, set here so that the clock's grain does not matter.
        let touched = error(path) {
            var times = [timespec(tv_sec: 1_000_000_000, tv_nsec: 1), timespec(tv_sec: 1_000_000_000, tv_nsec: 1)]
            utimensat(AT_FDCWD, path, &times, 0)
        }
        #expect(touched == refused)
        #expect(error(path, afterCopy: { truncate(path, 9) }) == refused)
        #expect(error(path) == nil)
    }

    @Test("the folders above a path are all of them, the nearest first")
    func folders() {
        #expect(FileTrust.folders(above: "/a/b/c.so") == ["/a/b", "/a", "/"])
        #expect(FileTrust.folders(above: "/c.so") == ["/"])
    }
}

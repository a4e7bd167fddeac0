// Files of lines, and other programs.
import Foundation
import HarakaPluginKit
import Testing

@Suite("Files of lines")
struct FilesOfLinesTests {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("kit-\(UUID().uuidString)").path

    func content() -> String? { (try? String(contentsOfFile: path + "/list", encoding: .utf8)) }

    @Test("a line is added to a file, which is made; one that is there is not added again")
    func append() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try Folder(creating: path)
        #expect(try folder.append(line: "a@b", to: "list"))
        #expect(try folder.append(line: "c@d", to: "list"))
        #expect(try !folder.append(line: "a@b", to: "list"))
        #expect(content() == "a@b\nc@d\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["list"])
    }

    @Test("a last line without its end gets one; the mode stays")
    func lastLine() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try Folder(creating: path)
        try Data("# who\n  x@y  ".utf8).write(to: URL(fileURLWithPath: path + "/list"))
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path + "/list")
        #expect(try !folder.append(line: "x@y", to: "list"))
        #expect(try folder.append(line: "a@b", to: "list"))
        #expect(content() == "# who\n  x@y  \na@b\n")
        let mode = try FileManager.default.attributesOfItem(atPath: path + "/list")[.posixPermissions] as? Int
        #expect(mode == 0o640)
    }

    @Test("what is known of a file from outside: mode, size, time")
    func info() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try Folder(creating: path)
        let missing = folder.info("list")
        #expect(missing == nil)
        try Data("12345".utf8).write(to: URL(fileURLWithPath: path + "/list"))
        try FileManager.default.setAttributes([.posixPermissions: 0o4750], ofItemAtPath: path + "/list")
        let (info, changed) = (folder.info("list"), folder.changed("list"))
        #expect(info?.mode == 0o4750)
        #expect(info?.size == 5)
        #expect(info?.changed == changed && (changed ?? 0) > 1_700_000_000)
        _ = try folder.folder("below", create: true)
        let below = folder.info("below")
        #expect(below == nil)
    }

    @Test("lines that are added at the same time are all there, each whole")
    func atOnce() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = try Folder(creating: path)
        await withTaskGroup(of: Void.self) { [path] group in
            for writer in 0..<4 {
                group.addTask {
                    for line in 0..<25 {
                        _ = try? Folder(path: path).append(line: "\(writer)-\(line)", to: "list")
                    }
                }
            }
        }
        let expected = (0..<4).flatMap { writer in (0..<25).map { "\(writer)-\($0)" } }
        #expect(content()?.split(separator: "\n").map { String($0) }.sorted() == expected.sorted())
    }

    @Test("what would be two lines is refused")
    func twoLines() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try Folder(creating: path)
        #expect(throws: PluginError.self) { try folder.append(line: "a\nb", to: "list") }
        #expect(try folder.read("list", limit: 10) == nil)
    }

    @Test("a file that is too long is not read")
    func tooLong() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = try Folder(creating: path)
        try folder.replace("list", with: Array("12345".utf8))
        #expect(try folder.read("list", limit: 5) == Array("12345".utf8))
        #expect(throws: PluginError.self) { try folder.read("list", limit: 4) }
    }
}

@Suite("Program")
struct ProgramTests {
    @Test("both inputs arrive under their numbers, and the exit status comes back")
    func inputs() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("kit-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let script = "cat >\"$0\"; cat <&1 >>\"$0\"; exit 7"
        let program = try Program("/bin/sh", ["-c", script, file], inputs: 2, milliseconds: 20_000)
        let large = [UInt8](repeating: 0x61, count: 300_000)
        try program.feed(0, large)
        program.close(0)
        try program.feed(1, Array("envelope".utf8))
        #expect(try program.wait() == 7)
        #expect(FileManager.default.contents(atPath: file).map { [UInt8]($0) } == large + Array("envelope".utf8))
    }

    @Test(
        "a program has its inputs and the first three descriptors, and nothing else that was open", arguments: [1, 5])
    func descriptors(inputs: Int) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("kit-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        // Not closed on exec, as a library may leave one.
        let left = open("/dev/null", O_RDONLY)
        let high = fcntl(left, F_DUPFD, 60)
        defer {
            close(left)
            close(high)
        }
        let script = "cd /proc/$$/fd; for i in *; do if [ -e $i ]; then echo $i; fi; done >\"$0\""
        let program = try Program("/bin/sh", ["-c", script, file], inputs: inputs, milliseconds: 20_000)
        #expect(try program.wait() == 0)
        let text = FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
        // The shell keeps one for its own use from 10 on.
        let numbers = text.split(separator: "\n").compactMap { Int($0) }.filter { $0 < 10 || $0 >= 20 }
        #expect(numbers.sorted() == Array(0..<max(3, inputs)))
    }

    @Test("a signal is not an exit status")
    func signal() throws {
        let program = try Program("/bin/sh", ["-c", "kill -9 $$"], milliseconds: 20_000)
        #expect(try program.wait() == 256 + 9)
    }

    @Test("a program that is not there is an error")
    func missing() {
        let error = #expect(throws: PluginError.self) { try Program("/no/such/program", milliseconds: 1000) }
        #expect(error?.status == -2)
    }

    @Test("a program that does not end in time is killed; nothing waits longer")
    func late() throws {
        let program = try Program("/bin/sleep", ["1000"], milliseconds: 50)
        let error = #expect(throws: PluginError.self) { try program.wait() }
        #expect(error?.status == -110)
    }

    @Test("a program that reads nothing does not hold its feeder longer than said")
    func unread() throws {
        let program = try Program("/bin/sleep", ["1000"], milliseconds: 50)
        let error = #expect(throws: PluginError.self) { try program.feed(0, [UInt8](repeating: 0, count: 1 << 20)) }
        #expect(error?.status == -110)
    }
}

@Suite("Datagrams and syslog")
struct DatagramTests {
    @Test("where nobody listens there is no socket, nor for a path that is too long")
    func nobody() {
        let none = #expect(throws: PluginError.self) { try Datagrams(to: "/no/such/socket") }
        #expect(none?.status == -2)
        #expect(none?.cause == "/no/such/socket: No such file or directory")
        let long = #expect(throws: PluginError.self) { try Datagrams(to: String(repeating: "/x", count: 60)) }
        #expect(long?.status == -36)
    }

    @Test("local time is one number, of which the date is the first part")
    func time() {
        let moment: Int64 = 1_709_210_096
        var parts = tm()
        var seconds = time_t(moment)
        localtime_r(&seconds, &parts)
        let date = Int64(parts.tm_year + 1900) * 10_000 + Int64(parts.tm_mon + 1) * 100 + Int64(parts.tm_mday)
        let clock = Int64(parts.tm_hour) * 10_000 + Int64(parts.tm_min) * 100 + Int64(parts.tm_sec)
        #expect(Plugin.localTime(ofSeconds: moment) == date * 1_000_000 + clock)
        #expect(Plugin.date(ofSeconds: moment) == Int32(date))
        #expect(Plugin.localTime(ofSeconds: .max) == 0)
    }

    @Test("facilities by their names, in any case")
    func names() {
        #expect(Syslog.facility("mail") == 16)
        #expect(Syslog.facility("LOCAL7") == 184)
        #expect(Syslog.facility("none") == nil)
    }
}

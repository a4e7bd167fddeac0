// A real name server (nsd) with the zones of Zones.swift.

import Glibc
import Testing

/// One nsd for all tests, on a free port of 127.0.0.1; it ends with the process.
final class ZoneServer: Sendable {
    /// Nil: nsd is not installed, or does not start. Scripts/setup installs it.
    static let shared = ZoneServer()

    let folder: String
    let port: UInt16
    private let process: pid_t

    var address: String { "127.0.0.1@\(port)" }
    /// The file with the key of `signed.example`.
    var anchor: String { folder + "/anchor" }

    private init?() {
        var template = Array("/tmp/haraka-dns-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return nil }
        let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        // Somebody may take the port between our look and nsd's.
        for _ in 0..<20 {
            let port = ZoneServer.freePort()
            guard let process = ZoneServer.start(folder, port) else { continue }
            (self.folder, self.port, self.process) = (folder, port, process)
            ZoneServer.endWithUs(process, folder)
            return
        }
        return nil
    }

    /// nsd in the foreground once it has said that it serves; nil: it does not.
    private static func start(_ folder: String, _ port: UInt16) -> pid_t? {
        var configuration = """
            server:
              ip-address: 127.0.0.1@\(port)
              username: ""
              chroot: ""
              zonesdir: "\(folder)"
              database: ""
              zonelistfile: "\(folder)/zone.list"
              xfrdfile: "\(folder)/xfrd.state"
              xfrdir: "\(folder)"
              pidfile: ""
              server-count: 1
            remote-control:
              control-enable: no

            """
        for (name, content) in Zones.all {
            configuration += "zone:\n  name: \(name)\n  zonefile: \(name).zone\n"
            write(content + "\n", "\(folder)/\(name).zone")
        }
        write(configuration, folder + "/nsd.conf")
        write(configuration, folder + "/nsd.conf")
        write(Zones.anchor, folder + "/anchor")
        var ends: [CInt] = [0, 0]
        // The end that we read from stays open: nsd may want to say more.
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let process = spawn(["/usr/sbin/nsd", "-d", "-c", folder + "/nsd.conf"], output: ends[1])
        close(ends[1])
        guard let process else { return nil }
        var said = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !said.contains("nsd started (") {
            let count = read(ends[0], &buffer, buffer.count)
            guard count > 0 else {
                // Swift Testing waits for the processes of its exit tests by looking at whoever has ended: one whom nobody
                // buries would stand in front of them for ever.
                close(ends[0])
                kill(process, SIGKILL)
                var status: CInt = 0
                waitpid(process, &status, 0)
                return nil
            }
            said += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return process
    }

    /// With no signal blocked: threads of tests block those that end a process.
    private static func spawn(_ arguments: [String], output: CInt) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in 1...2 { posix_spawn_file_actions_adddup2(&actions, output, CInt(descriptor)) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var process = pid_t()
        var words = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        return posix_spawn(&process, arguments[0], &actions, &attributes, &words, environ) == 0 ? process : nil
    }

    static func write(_ text: String, _ path: String) {
        guard let file = fopen(path, "w") else { return }
        fputs(text, file)
        fclose(file)
    }

    private static func freePort() -> UInt16 {
        let server = HostileServer()
        defer { server.stop() }
        return server.port
    }

    nonisolated(unsafe) private static var running: (process: pid_t, folder: String) = (0, "")

    /// nsd would outlive the tests.
    private static func endWithUs(_ process: pid_t, _ folder: String) {
        running = (process, folder)
        atexit {
            kill(ZoneServer.running.process, SIGTERM)
            var status: CInt = 0
            waitpid(ZoneServer.running.process, &status, 0)
            let files = Zones.all.keys.map { $0 + ".zone" } + ["nsd.conf", "anchor", "root", "zone.list", "xfrd.state"]
            for file in files { unlink(ZoneServer.running.folder + "/" + file) }
            rmdir(ZoneServer.running.folder)
        }
    }
}

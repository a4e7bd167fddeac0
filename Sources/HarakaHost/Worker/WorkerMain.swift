// The hidden command `haraka worker ROLE SLOT DIR`: a worker process, started by the supervisor alone. docs/processes.md.

import CHarakaFault
import CHarakaProcess
import Glibc
import HarakaLog
import HarakaSupervisor

enum WorkerMain {
    /// Where the supervisor puts them: the link, the fault page, then the listeners.
    private static let linkDescriptor: Int32 = 3
    private static let pageDescriptor: Int32 = 4
    private static let firstListener: Int32 = 5

    /// `arguments`: role, slot, folder, and the sections of smtp.ini of the listeners in order, `-` for none.
    static func run(_ arguments: [String]) throws -> Int32 {
        guard arguments.count == 4, let role = WorkerRole(rawValue: arguments[0]), let slot = Int(arguments[1]),
            let page = haraka_fault_page_map(pageDescriptor)
        else { throw CommandError("`haraka worker` is started by the server itself; run: haraka -c DIR") }
        Signals.leaveToSupervisor()
        let folder = try Folder(arguments[2], InstallPrefix())
        var configuration = Configuration.read(folder)
        if !configuration.errors.isEmpty { configuration = Configuration.read(folder, from: folder.goodDirectory) }
        let logger = Logger(level: .info, format: .default, timestamps: false, descriptor: 1)
        configuration.configure(logger)
        let sockets = role == .smtp ? WorkerMain.listeners() : []
        for descriptor in [linkDescriptor, pageDescriptor] + sockets { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        let roles = arguments[3].split(separator: ",").map { $0 == "-" ? "" : String($0) }
        let listeners = sockets.enumerated().map { index, descriptor in
            WorkerStart.Listener(descriptor: descriptor, role: roles.indices.contains(index) ? roles[index] : "")
        }
        let start = WorkerStart(role: role, slot: slot, isWhole: false, listeners: listeners)
        haraka_name_process("haraka \(role.rawValue)")
        MailWorker(folder, configuration, start, Link(linkDescriptor), page, logger).run()
        return 0
    }

    /// All sockets from the first number on, without a gap.
    private static func listeners() -> [Int32] {
        var found: [Int32] = []
        var next = firstListener
        while fcntl(next, F_GETFD) >= 0 {
            found.append(next)
            next += 1
        }
        return found
    }
}

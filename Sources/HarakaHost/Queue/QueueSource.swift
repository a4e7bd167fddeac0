// Where the commands learn of the queue: from the server, or without one from its folder.

import Glibc
import HarakaConfig
import HarakaQueue

/// A queue, as the commands see it. Rows are maps as in docs/outbound.md "Rows".
protocol QueueSource {
    var folder: Folder { get }
    /// Every message and domain that the filter matches, oldest first.
    func list(_ filter: QueueFilter, _ row: (ConfigValue) -> Void) throws
    /// How many rows it was done to.
    func act(_ action: QueueAction, _ filter: QueueFilter) throws -> Int
    func stats() throws -> ConfigValue
}

enum QueueSources {
    /// The running server's; or, which is said on standard error, the folder's own.
    static func of(_ folder: Folder) throws -> any QueueSource {
        if ControlClient.isRunning(folder) { return RunningQueue(folder: folder) }
        guard errno != EACCES else {
            throw CommandError("this user may not ask the server in \(folder.path) (\(folder.controlSocket))")
        }
        Terminal.write("no server runs in \(folder.path); this is about the files in \(folder.queue)\n", to: 2)
        return StoppedQueue(folder: folder)
    }
}

extension Folder {
    /// Where queued mail is: `config/queue_dir`, or DIR/queue.
    var queue: String {
        let name = coreDirectory.get("queue_dir", .value).value.text ?? ""
        return name.isEmpty ? "\(path)/queue" : name.hasPrefix("/") ? name : "\(path)/\(name)"
    }
}

/// Over the control socket.
struct RunningQueue: QueueSource {
    let folder: Folder

    /// A long list comes in pieces, each for a question of its own.
    func list(_ filter: QueueFilter, _ row: (ConfigValue) -> Void) throws {
        var piece = try ask("list \(filter.word)")
        while true {
            for one in piece["rows"]?.list ?? [] { row(one) }
            guard let more = piece["more"]?.integer else { return }
            piece = try ask("more \(more)")
        }
    }

    func act(_ action: QueueAction, _ filter: QueueFilter) throws -> Int {
        Int(clamping: try ask("act \(action.rawValue) \(filter.word)")["count"]?.integer ?? 0)
    }

    func stats() throws -> ConfigValue { try ask("stats") }

    private func ask(_ question: String) throws -> ConfigValue {
        let line = "queue \(question)"
        guard line.utf8.count < ControlSocket.maximumLine else { throw CommandError("an id or an address is too long") }
        guard let (lines, isOK) = ControlClient.ask(line, folder) else {
            throw QueueRefusal("the server has gone away meanwhile")
        }
        guard isOK, let text = lines.first else {
            throw QueueRefusal(lines.isEmpty ? "the server went away without an answer" : lines.joined(separator: "\n"))
        }
        let value = JSONParser.parse(Array(text.utf8), file: "queue").value
        if let refusal = value["error"]?.text { throw QueueRefusal(refusal) }
        return value
    }
}

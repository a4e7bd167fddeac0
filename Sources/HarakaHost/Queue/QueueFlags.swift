// Haraka's flags for the queue: --qlist, --qstat, --qunstick [DOMAIN], and --qempty, which it announces only.

import Glibc
import HarakaConfig
import HarakaQueue

enum QueueFlags {
    /// The exit status, if one of the flags was given.
    static func run(_ options: Options, _ folder: Folder) throws -> Int32? {
        guard options.qlist || options.qstat || options.qunstick || options.qempty else { return nil }
        if let name = options.name, !options.qunstick {
            throw CommandError("Undefined or erroneous arguments: \(name)\n\n\(Usage.text)")
        }
        if options.qempty, !options.yes { try confirm(folder) }
        let queue = try QueueSources.of(folder)
        if options.qlist {
            try list(queue, json: options.json)
        } else if options.qstat {
            try stat(queue, json: options.json)
        } else if options.qunstick {
            var filter = QueueFilter()
            filter.domain = options.name?.lowercased() ?? ""
            try act(.retry, filter, queue, json: options.json)
        } else {
            try act(.delete, QueueFilter(), queue, json: options.json)
        }
        return 0
    }

    private static func list(_ queue: any QueueSource, json: Bool) throws {
        let list = QueueList(json: json)
        try queue.list(QueueFilter()) { row in
            guard !json else { return list.show(row) }
            let file = row["file"]?.text ?? ""
            let count = row["to"]?.list?.count ?? 0
            print("Q: \(file) rcpt:\(count) from:<\(row["from"]?.text ?? "")> domain:\(row["domain"]?.text ?? "")")
        }
        if json { list.end() }
    }

    private static func stat(_ queue: any QueueSource, json: Bool) throws {
        let stats = try queue.stats()
        guard json else {
            return print("{ queue_dir: '\(queue.folder.queue)', queue_count: \(stats["messages"]?.text ?? "0") }")
        }
        var map: OrderedMap = [
            "queue_dir": .string(queue.folder.queue), "queue_count": stats["messages"] ?? .integer(0),
        ]
        for (key, value) in stats.map?.entries ?? OrderedMap().entries { map[key] = value }
        print(ConfigValue.map(map).json())
    }

    private static func act(_ action: QueueAction, _ filter: QueueFilter, _ queue: any QueueSource, json: Bool) throws {
        let count = try queue.act(action, filter)
        print(json ? "{\"count\":\(count)}" : "\(action.done): \(count)")
    }

    /// There is no way back from it.
    private static func confirm(_ folder: Folder) throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandError("--qempty removes all mail that waits; say --yes if so")
        }
        Terminal.write("Remove all mail that waits in \(folder.queue)? Nobody will be told. (yes/no) ", to: 2)
        guard readLine() == "yes" else { throw CommandError("nothing was removed") }
    }
}

// `haraka queue list | show | stats | hold | release | delete | retry | bounce`: mail that waits. docs/outbound.md
// "Commands".

import ArgumentParser
import HarakaConfig
import HarakaQueue

/// `haraka queue`.
struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", _superCommandName: "haraka", abstract: "Mail that waits to be delivered.",
        discussion: "Exit status: 0 done, 1 the queue has no such mail or could not do it, 255 the command was wrong.",
        subcommands: [
            ListQueueCommand.self, ShowQueueCommand.self, CountQueueCommand.self, HoldQueueCommand.self,
            ReleaseQueueCommand.self, DeleteQueueCommand.self, RetryQueueCommand.self, BounceQueueCommand.self,
        ])
}

/// Which mail: what is not given matches everything.
struct QueueChoice: ParsableArguments {
    @Argument(help: ArgumentHelp("Messages, as `list` shows them.", valueName: "id"))
    var id: [String] = []

    @Option(help: ArgumentHelp("Only what goes to this domain.", valueName: "domain"))
    var domain = ""

    @Option(help: ArgumentHelp("Only from this address, or @domain; <> for reports.", valueName: "address"))
    var sender = ""

    @Option(help: ArgumentHelp("Only to this address, or @domain.", valueName: "address"))
    var recipient = ""

    @Option(help: ArgumentHelp("Only what was queued longer ago: 90, 30m, 2h, 1d.", valueName: "time"))
    var olderThan: String?

    @Option(help: ArgumentHelp("So many at most, the oldest.", valueName: "n"))
    var limit = 0

    @Flag(help: "Print JSON.")
    var json = false

    @Option(name: .shortAndLong, help: ArgumentHelp("The server's folder.", valueName: "dir"))
    var config: String

    var isEmpty: Bool {
        id.isEmpty && domain.isEmpty && sender.isEmpty && recipient.isEmpty && olderThan == nil && limit == 0
    }

    /// One for each id; they share what else was asked for.
    func filters() throws -> [QueueFilter] {
        guard limit >= 0 else { throw CommandError("--limit: expected a number above 0") }
        var filter = QueueFilter()
        (filter.domain, filter.sender, filter.recipient, filter.limit) = (domain.lowercased(), sender, recipient, limit)
        if let olderThan {
            guard let seconds = Self.seconds(olderThan) else {
                throw CommandError("--older-than: expected a time such as 90 (seconds), 30m, 2h or 1d")
            }
            filter.olderThan = seconds
        }
        if id.contains("") { throw CommandError("an id is empty") }
        return id.isEmpty
            ? [filter]
            : id.map {
                filter.id = $0
                return filter
            }
    }

    /// `90`, `90s`, `30m`, `2h`, `1d`, `1w`.
    static func seconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        let unit = text.last.flatMap { units[$0] }
        guard let number = Int64(unit == nil ? text[...] : text.dropLast()), number > 0 else { return nil }
        let (seconds, isTooLarge) = number.multipliedReportingOverflow(by: unit ?? 1)
        return isTooLarge ? nil : seconds
    }

    /// The queue that is meant.
    func queue() throws -> any QueueSource { try QueueSources.of(try Folder(config, InstallPrefix())) }
}

/// `haraka queue list`.
struct ListQueueCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "One line for each message and domain it goes to, the oldest first.")

    @OptionGroup var choice: QueueChoice

    func execute() throws -> Int32 {
        let list = QueueList(json: choice.json)
        let queue = try choice.queue()
        for filter in try choice.filters() { try queue.list(filter) { list.show($0) } }
        list.end()
        return 0
    }
}

/// `haraka queue show`.
struct ShowQueueCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract:
            "Say for each recipient why it is not delivered, when it is tried next, and what the other server said.")

    @OptionGroup var choice: QueueChoice

    @Flag(help: "Print the message as it will be sent.")
    var message = false

    @Flag(help: "Print its header.")
    var headers = false

    func execute() throws -> Int32 {
        guard !choice.isEmpty else { throw CommandError("queue show: which? Give ids or a filter") }
        let page = try QueuePage(
            try choice.queue(), part: message ? .message : headers ? .header : nil, json: choice.json)
        return try page.show(try choice.filters())
    }
}

/// `haraka queue stats`.
struct CountQueueCommand: ToolCommand {
    static let configuration = CommandConfiguration(commandName: "stats", abstract: "Count it.")

    @Flag(help: "Print JSON.")
    var json = false

    @Option(name: .shortAndLong, help: ArgumentHelp("The server's folder.", valueName: "dir"))
    var config: String

    func execute() throws -> Int32 {
        let stats = try QueueSources.of(try Folder(config, InstallPrefix())).stats()
        if json {
            print(stats.json())
        } else {
            for (key, value) in stats.map?.entries ?? OrderedMap().entries {
                print(PluginList.pad(key, 12), value.text ?? "")
            }
        }
        return 0
    }
}

/// A command that does one ``QueueAction``.
protocol QueueActionCommand: ToolCommand {
    static var action: QueueAction { get }
    var choice: QueueChoice { get }
    var all: Bool { get }
}

extension QueueActionCommand {
    func execute() throws -> Int32 {
        guard all || !choice.isEmpty else {
            throw CommandError("queue \(Self.action.rawValue): which? Give ids or a filter, or --all")
        }
        let queue = try choice.queue()
        let count = try choice.filters().reduce(0) { try $0 + queue.act(Self.action, $1) }
        print(choice.json ? "{\"count\":\(count)}" : "\(Self.action.done): \(count)")
        return count > 0 || choice.id.isEmpty ? 0 : 1
    }

    fileprivate static func described(_ abstract: String) -> CommandConfiguration {
        CommandConfiguration(commandName: action.rawValue, abstract: abstract)
    }
}

/// `haraka queue hold`.
struct HoldQueueCommand: QueueActionCommand {
    static let action = QueueAction.hold
    static let configuration: CommandConfiguration = described("Do not try to deliver it until it is released.")
    @OptionGroup var choice: QueueChoice
    @Flag(help: "All mail that waits.") var all = false
}

/// `haraka queue release`.
struct ReleaseQueueCommand: QueueActionCommand {
    static let action = QueueAction.release
    static let configuration: CommandConfiguration = described("Deliver again what was held.")
    @OptionGroup var choice: QueueChoice
    @Flag(help: "All mail that is held.") var all = false
}

/// `haraka queue delete`.
struct DeleteQueueCommand: QueueActionCommand {
    static let action = QueueAction.delete
    static let configuration: CommandConfiguration = described("Remove it. Nobody is told.")
    @OptionGroup var choice: QueueChoice
    @Flag(help: "All mail that waits.") var all = false
}

/// `haraka queue retry`.
struct RetryQueueCommand: QueueActionCommand {
    static let action = QueueAction.retry
    static let configuration: CommandConfiguration = described("Try to deliver it now, whatever its time is.")
    @OptionGroup var choice: QueueChoice
    @Flag(help: "All mail that waits.") var all = false
}

/// `haraka queue bounce`.
struct BounceQueueCommand: QueueActionCommand {
    static let action = QueueAction.bounce
    static let configuration: CommandConfiguration = described("Give up: the sender gets a report.")
    @OptionGroup var choice: QueueChoice
    @Flag(help: "All mail that waits.") var all = false
}

extension QueueAction {
    /// What was done, before a number.
    var done: String {
        switch self {
        case .retry: "to be tried now"
        case .hold: "held"
        case .release: "released"
        case .delete: "removed"
        case .bounce: "given up"
        }
    }
}

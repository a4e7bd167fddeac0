// The command line: Haraka's flags, its order of checks, its exit status 255 for errors. docs/command-line.md.

import ArgumentParser
import Glibc

struct Options: ParsableCommand {
    // `-h` is ours: it takes the name of a page.
    static let configuration = CommandConfiguration(
        commandName: "haraka",
        usage: """
            haraka -c <dir>                       run the server of that folder
            haraka -c <dir> status [--json]       how it is doing
            haraka tls self-signed|show ...       keys and certificates: haraka tls --help
            haraka auth hash ...                  passwords: haraka auth --help
            haraka queue show|list|hold|...       mail that waits: haraka queue --help
            haraka sendmail -c <dir> ...          hand in a mail: haraka sendmail --help
            haraka plugin check|info|new ...      for those who write plugins: haraka plugin --help
            haraka [<options>] [<name>]
            """, helpNames: [])

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Run the server in this folder, or say what the others refer to.", valueName: "dir"))
    var config: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Make a folder that can be run.", valueName: "dir"))
    var install: String?

    @Flag(name: .shortAndLong, help: "List the plugins that can be used.")
    var list = false

    @Flag(name: .shortAndLong, help: "Show this help, or the page of the plugin or topic NAME.")
    var help = false

    @Flag(name: .shortAndLong, help: "Show which plugins each hook asks, in order (with -c).")
    var order = false

    @Flag(help: "Load the plugins of a running server anew (with -c).")
    var reload = false

    @Flag(help: "Replace the workers of a running server, without losing a client (with -c).")
    var graceful = false

    @Flag(help: "List the mail that waits to be delivered (with -c).")
    var qlist = false

    @Flag(help: "Count it (with -c).")
    var qstat = false

    @Flag(help: "Try to deliver now, all or what goes to one domain (with -c).")
    var qunstick = false

    @Flag(help: "Remove all mail that is not delivered; nobody is told (with -c).")
    var qempty = false

    @Flag(help: "Do not ask back (with --qempty).")
    var yes = false

    @Flag(help: "Print JSON (with status and the queue's flags).")
    var json = false

    @Flag(help: "Read all configuration and check all plugins, run nothing (with -c).")
    var check = false

    @Flag(name: .shortAndLong, help: "Overwrite what is there (with -i, -p).")
    var force = false

    @Flag(name: .shortAndLong, help: "Show the version.")
    var version = false

    @Option(
        name: [.customShort("p"), .customLong("plugin")],
        help: ArgumentHelp("Make a plugin to begin with in the folder (with -c).", valueName: "name"))
    var plugin: String?

    @OptionGroup(title: "Test mode")
    var testing: TestOptions

    @Argument(
        help: ArgumentHelp(
            "The page to show (with -h); `status` (with -c); the domain (with --qunstick).", valueName: "name"))
    var name: String?
}

/// An error of the command line or of the start: one text, exit status 255.
struct CommandError: Error {
    let message: String
    init(_ message: String) { self.message = message }
}

@main
enum Haraka {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        do {
            let arguments = CommandLine.arguments
            if arguments.count > 1, let tool = tools[arguments[1]] { exit(try tool(Array(arguments.dropFirst(2)))) }
            exit(try run(parse()))
        } catch let error as CommandError {
            Terminal.error(error.message)
            exit(255)
        } catch let refusal as QueueRefusal {
            Terminal.error(refusal.description)
            exit(1)
        } catch {
            Terminal.error("\(error)")
            exit(255)
        }
    }

    /// Commands with arguments of their own.
    private static let tools: [String: @Sendable ([String]) throws -> Int32] = [
        "plugin": { try Tool<PluginCommand>.run($0) }, "tls": { try Tool<TLSCommand>.run($0) },
        "auth": { try Tool<AuthCommand>.run($0) }, "queue": { try Tool<QueueCommand>.run($0) },
        "sendmail": { Sendmail.run($0) }, "worker": { try WorkerMain.run($0) },
    ]

    private static func parse() throws -> Options {
        do { return try Options.parse() } catch {
            throw CommandError("\(Options.message(for: error))\n\n\(Usage.text)")
        }
    }

    private static func run(_ options: Options) throws -> Int32 {
        let prefix = InstallPrefix()
        if options.version {
            print("Haraka for Swift - Version: \(Version.number)")
        } else if options.list {
            PluginList.show(folder: options.config, prefix)
        } else if options.help {
            return try HelpPage.show(options.name, folder: options.config, prefix)
        } else if let folder = options.install {
            try Skeleton.make(folder, force: options.force, prefix)
        } else if let folder = options.config {
            return try inFolder(options, try Folder(folder, prefix))
        } else {
            throw CommandError("Undefined or erroneous arguments\n\n\(Usage.text)")
        }
        return 0
    }

    private static func inFolder(_ options: Options, _ folder: Folder) throws -> Int32 {
        if let status = try QueueFlags.run(options, folder) { return status }
        if options.order { return HookOrder.show(folder) }
        if let name = options.plugin {
            try NewPlugin(name, language: "c", force: options.force, folder.prefix).make(in: folder)
            return 0
        }
        if !options.testing.test.isEmpty { return try TestMode.run(folder, options.testing) }
        if options.reload { return ControlClient.send("reload", folder) }
        if options.graceful { return ControlClient.send("graceful", folder) }
        if options.check { return ConfigCheck.run(folder) }
        if options.name == "status" { return StatusPage.show(folder, json: options.json) }
        if let name = options.name { throw CommandError("Undefined or erroneous arguments: \(name)\n\n\(Usage.text)") }
        return try Supervisor.run(folder)
    }
}

enum Usage {
    static var text: String { Options.helpMessage(columns: 100) }
}

/// What the command line prints to people.
enum Terminal {
    static func error(_ text: String) { write("error: \(text)\n", to: 2) }

    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                done += count
            }
        }
    }
}

func errnoText() -> String { String(cString: strerror(errno)) }

// `haraka plugin check | info | new`: for those who write plugins. docs/plugin-check.md.

import ArgumentParser

struct PluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin", _superCommandName: "haraka",
        abstract: "Tools for those who write plugins.",
        subcommands: [CheckCommand.self, InfoCommand.self, NewCommand.self, RunTestCommand.self])
}

struct CheckCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say whether a plugin is fit to ship.",
        discussion: "Exit status: 0 fit, 1 not fit, 255 the command was wrong.")

    @Argument(help: ArgumentHelp("The plugin's shared object.", valueName: "file"))
    var file: String?

    @Flag(help: "Print JSON.")
    var json = false

    @Option(help: ArgumentHelp("Run one group of tests, or one test.", valueName: "group"))
    var only: String?

    @Flag(help: "List the tests and run none.")
    var list = false

    func execute() throws -> Int32 {
        let tests = try TestCatalogue.select(only)
        if list {
            print(CheckReport.catalogue(tests, json: json))
            return 0
        }
        guard let file else { throw CommandError("plugin check needs the file of a plugin") }
        let checked = Checked(file: try PluginFile(file), outcomes: try Checker(file: file).run(tests))
        print(CheckReport.text(checked, json: json))
        return checked.isFit ? 0 : 1
    }
}

struct InfoCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Say what a plugin is, without running it.")

    @Argument(help: ArgumentHelp("The plugin's shared object.", valueName: "file"))
    var file: String

    @Flag(help: "Print JSON.")
    var json = false

    func execute() throws -> Int32 { PluginInfo.show(try PluginFile(file), json: json) }
}

struct NewCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Begin a plugin: a folder that builds, checks and loads.")

    @Argument(help: ArgumentHelp("As it will stand in config/plugins.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("c, cpp, rust or swift.", valueName: "language"))
    var lang = "c"

    @Flag(name: .shortAndLong, help: "Overwrite what is there.")
    var force = false

    func execute() throws -> Int32 {
        try NewPlugin(name, language: lang, force: force, InstallPrefix()).makeHere()
        return 0
    }
}

/// One test of `plugin check`, in the process that was made for it. Not for people.
struct RunTestCommand: ToolCommand {
    static let configuration = CommandConfiguration(commandName: "run-test", shouldDisplay: false)

    @Argument var test: String
    @Argument var file: String
    /// A folder of the test's own.
    @Argument var folder: String

    func execute() throws -> Int32 { try TestProcess.run(test, file: file, folder: folder) }
}

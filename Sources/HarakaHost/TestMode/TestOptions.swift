// The options of `haraka -c DIR -t PLUGIN`. docs/command-line.md "Test mode".

import ArgumentParser

struct TestOptions: ParsableArguments {
    @Option(
        name: [.customShort("t"), .customLong("test")],
        help: ArgumentHelp(
            "Try a plugin, or `all` of config/plugins, with a made-up client (with -c).", valueName: "plugin"))
    var test: [String] = []

    @Option(help: ArgumentHelp("The client's address (with -t).", valueName: "address"))
    var ip = "1.2.3.4"

    @Option(help: ArgumentHelp("The client says HELO with this name (with -t).", valueName: "host"))
    var helo: String?

    @Option(help: ArgumentHelp("The client says EHLO with this name (with -t).", valueName: "host"))
    var ehlo: String?

    @Option(help: ArgumentHelp("The sender (with -t).", valueName: "address"))
    var envfrom = "test@example.com"

    @Option(help: ArgumentHelp("The recipient (with -t).", valueName: "address"))
    var envrcpt = "test@example.com"

    @Option(help: ArgumentHelp("A file with the message (with -t).", valueName: "file"))
    var message: String?

    @Flag(help: "Show the parts of the message with their texts (with -t).")
    var dumpMime = false

    @Flag(help: "Print the message as the plugins left it (with -t).")
    var dumpStream = false

    @Flag(help: "The client may relay (with -t).")
    var setRelay = false

    @Flag(help: "Go on after a refusal (with -t).")
    var skipDeny = false
}

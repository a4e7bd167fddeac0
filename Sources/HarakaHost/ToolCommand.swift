// Commands with arguments of their own: `haraka plugin ...`, `tls`, `auth`, `queue`.

import ArgumentParser

/// A subcommand that says how the process ends.
protocol ToolCommand: ParsableCommand {
    /// The exit status.
    ///
    /// - Throws: `CommandError` for what the user got wrong (exit status 255).
    func execute() throws -> Int32
}

/// A command that does nothing but lead to its subcommands, which are ``ToolCommand``s.
enum Tool<Root: ParsableCommand> {
    /// - Parameter arguments: what follows the name of the tool.
    /// - Returns: the exit status: 0 all is well, 1 it is not.
    /// - Throws: `CommandError` for what the user got wrong (exit status 255).
    static func run(_ arguments: [String]) throws -> Int32 {
        let command: any ParsableCommand
        do { command = try Root.parseAsRoot(arguments) } catch {
            let text = Root.fullMessage(for: error)
            guard Root.exitCode(for: error) == .success else {
                // The lead "Error: " is the parser's; the caller puts its own.
                throw CommandError(text.hasPrefix("Error: ") ? String(text.dropFirst(7)) : text)
            }
            print(text)
            return 0
        }
        guard let tool = command as? any ToolCommand else {
            print(Root.helpMessage(columns: 100))
            return 0
        }
        return try tool.execute()
    }
}

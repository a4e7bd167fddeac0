// A password, from the terminal without showing it, or from a pipe.

import Glibc

enum PasswordPrompt {
    /// The password; asked for twice on a terminal.
    ///
    /// - Throws: `CommandError` if there is none, if both differ, or if a client could not send it.
    static func read() throws -> String {
        guard isatty(STDIN_FILENO) == 1 else { return try checked(line()) }
        let password = try checked(ask("Password: "))
        guard try checked(ask("Again: ")) == password else { throw CommandError("the two passwords differ") }
        return password
    }

    /// Asks on the standard error, so that the output can go to a file.
    private static func ask(_ question: String) -> String? {
        var before = termios()
        let isTerminal = tcgetattr(STDIN_FILENO, &before) == 0
        if isTerminal {
            var silent = before
            silent.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        }
        defer {
            if isTerminal { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
            write("\n")
        }
        write(question)
        return line()
    }

    private static func line() -> String? { readLine(strippingNewline: true) }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }

    private static func checked(_ password: String?) throws -> String {
        guard let password, !password.isEmpty else { throw CommandError("no password") }
        // What is not UTF-8 was replaced when it was read.
        guard password.unicodeScalars.allSatisfy({ $0.value > 0x1F && $0.value != 0x7F && $0.value != 0xFFFD }) else {
            throw CommandError("a password is UTF-8 without control characters")
        }
        return password
    }
}

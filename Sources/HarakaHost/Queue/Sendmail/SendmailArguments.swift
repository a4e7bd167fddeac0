// The arguments of sendmail(8) that programs use, and those that mean something else than this server does.

import Glibc

struct SendmailArguments {
    /// Nil: none was given.
    private(set) var folder = getenv("HARAKA_DIR").map { String(cString: $0) }
    private(set) var sender: String?
    private(set) var fullName: String?
    private(set) var readsRecipients = false
    private(set) var ignoresDots = false
    private(set) var recipients: [String] = []

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                recipients += rest
                break
            }
            guard argument.hasPrefix("-"), argument.utf8.count > 1 else {
                recipients.append(argument)
                continue
            }
            try take(argument, &rest)
        }
        guard readsRecipients || !recipients.isEmpty else {
            throw SendmailFailure(ExitStatus.usage, "to whom? Give recipients, or -t\n\n\(Sendmail.usage)")
        }
    }

    private mutating func take(_ argument: String, _ rest: inout ArraySlice<String>) throws {
        switch argument {
        case "-t": readsRecipients = true
        case "-i", "-oi": ignoresDots = true
        case "-ti", "-it": (readsRecipients, ignoresDots) = (true, true)
        // It is what happens anyway, or does not matter: deliver, verbose, from a user, 8 bits, how errors are told.
        case "-bm", "-v", "-n", "-m", "-U", "-G", "-B8BITMIME", "-B7BIT": break
        case _ where argument.hasPrefix("-oe") || argument.hasPrefix("-od") || argument == "-om": break
        case "-bs": throw Self.refusal("-bs", "to speak SMTP, connect to the server's listener")
        case "-bp": throw Self.refusal("-bp", "haraka queue list -c DIR shows the queue")
        case "-bd", "-bD": throw Self.refusal(argument, "haraka -c DIR runs the server")
        case "-bi", "-I": throw Self.refusal(argument, "aliases are config/aliases, and need no rebuilding")
        case _ where argument.hasPrefix("-q"): throw Self.refusal(argument, "haraka -c DIR --qunstick tries all now")
        default: try takeValue(argument, &rest)
        }
    }

    /// `-f ADDRESS` and `-fADDRESS`.
    private mutating func takeValue(_ argument: String, _ rest: inout ArraySlice<String>) throws {
        let (letter, attached) = (argument.prefix(2), String(argument.dropFirst(2)))
        guard ["-c", "-f", "-r", "-F", "-B", "-h", "-L", "-O", "-o", "-X"].contains(letter) else {
            throw Self.refusal(argument, "it is not known here")
        }
        guard let value = attached.isEmpty ? rest.popFirst() : attached else {
            throw Self.refusal(argument, "its value is missing")
        }
        switch letter {
        case "-c": folder = value
        case "-f", "-r": sender = value
        case "-F": fullName = value
        default: break
        }
    }

    private static func refusal(_ argument: String, _ reason: String) -> SendmailFailure {
        SendmailFailure(ExitStatus.usage, "\(argument): \(reason)")
    }
}

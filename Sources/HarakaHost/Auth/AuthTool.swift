// `haraka auth hash`: lines for auth_flat_file.ini. docs/authentication.md.

import ArgumentParser
import Glibc

struct AuthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auth", _superCommandName: "haraka", abstract: "Tools for those who keep users.",
        subcommands: [HashCommand.self])
}

struct HashCommand: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash", abstract: "Make the line of a user for auth_flat_file.ini.",
        discussion: """
            Asks for the password on the terminal, twice, without showing it, or reads the first line of the standard input.
            Prints USER={SCHEME}HASH, or without a user the hash alone.
            """)

    @Option(
        help: ArgumentHelp(
            "How the password is kept: \(HashScheme.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "scheme"))
    var scheme = HashScheme.scram

    @Option(
        help: ArgumentHelp("How much work a guess costs: iterations, rounds or cost of the scheme.", valueName: "n"))
    var cost: Int?

    @Argument(help: ArgumentHelp("The name that the client gives.", valueName: "user"))
    var user: String?

    func execute() throws -> Int32 {
        if let user, !HashCommand.canStand(user) {
            throw CommandError(
                "a user's name has no =, no blanks at its ends, no controls, and begins with none of ; # [")
        }
        if let cost, !scheme.costs.contains(cost) {
            throw CommandError(
                "--cost of \(scheme.rawValue) is from \(scheme.costs.lowerBound) to \(scheme.costs.upperBound)")
        }
        let hash = try PasswordHash.make(try PasswordPrompt.read(), scheme, cost: cost)
        print(user.map { "\($0)=\(hash)" } ?? hash)
        return 0
    }

    /// What UserFile of auth/flat_file reads back as it was.
    static func canStand(_ user: String) -> Bool {
        guard let first = user.utf8.first, let last = user.utf8.last, !";#[ ".utf8.contains(first), last != 0x20 else {
            return false
        }
        return user.utf8.allSatisfy { $0 > 0x1F && $0 != 0x7F && $0 != UInt8(ascii: "=") }
    }
}

/// How a password may be kept.
enum HashScheme: String, CaseIterable, ExpressibleByArgument {
    case scram = "scram-sha-256"
    case yescrypt
    case bcrypt
    case sha512 = "sha512-crypt"
    case sha256 = "sha256-crypt"

    /// crypt(5): what a setting begins with.
    var prefix: String {
        switch self {
        case .scram: ""
        case .yescrypt: "$y$"
        case .bcrypt: "$2b$"
        case .sha512: "$6$"
        case .sha256: "$5$"
        }
    }

    /// The name in braces, as `doveadm pw` prints it. What begins with `$` needs none.
    var label: String { self == .scram ? "{SCRAM-SHA-256}" : "" }

    /// Some tenths of a second for a guess, which a login costs, too. 0: what the library finds right.
    var usualCost: Int {
        switch self {
        // RFC 7677 asks for 4096 at least; the client does the work, perhaps on a telephone.
        case .scram: 10_000
        case .yescrypt: 0
        case .bcrypt: 11
        case .sha512, .sha256: 100_000
        }
    }

    /// What `--cost` may be.
    var costs: ClosedRange<Int> {
        switch self {
        case .scram: 4096...10_000_000
        case .yescrypt: 1...11
        case .bcrypt: 4...31
        case .sha512, .sha256: 1000...999_999_999
        }
    }
}

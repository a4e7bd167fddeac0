// `haraka sendmail`: takes a mail as sendmail(8) does, from programs of this host. docs/outbound.md "haraka sendmail".

import Glibc
import HarakaConfig
import SMTPSyntax

/// How it ended, for the calling program: sysexits.h.
struct SendmailFailure: Error {
    let status: Int32
    let text: String
    init(_ status: Int32, _ text: String) { (self.status, self.text) = (status, text) }
}

/// Of sysexits.h, what happens here.
enum ExitStatus {
    static let usage: Int32 = 64
    static let wrongData: Int32 = 65
    static let noUser: Int32 = 67
    static let unavailable: Int32 = 69
    static let inputOutput: Int32 = 74
    /// Nothing was queued; the same may be tried again later.
    static let temporary: Int32 = 75
    static let permission: Int32 = 77
    static let configuration: Int32 = 78
}

enum Sendmail {
    /// - Parameter arguments: what follows `haraka sendmail`.
    static func run(_ arguments: [String]) -> Int32 {
        do {
            if arguments.contains("--help") {
                print(usage)
                return 0
            }
            try hand(try SendmailArguments(arguments))
            return 0
        } catch let failure as SendmailFailure {
            Terminal.error(failure.text)
            return failure.status
        } catch {
            Terminal.error((error as? CommandError)?.message ?? "\(error)")
            return ExitStatus.configuration
        }
    }

    /// Nothing is kept, nothing is sent, unless all recipients were taken.
    private static func hand(_ arguments: SendmailArguments) throws {
        guard let path = arguments.folder else {
            throw SendmailFailure(ExitStatus.usage, "which server? -c DIR, or HARAKA_DIR in the environment")
        }
        let folder = try Folder(path, InstallPrefix())
        let me = readMe(from: folder.coreDirectory).name
        var mail = try OutgoingMail(try Input.mail(untilDot: !arguments.ignoresDots), me: me)
        try mail.address(arguments)
        mail.complete(fullName: arguments.fullName)
        let places = SubmissionPlaces(folder)
        if places.serverRuns {
            try Submission(mail).send(to: places.places)
        } else {
            try StoppedQueue(folder: folder).store(mail)
        }
    }

    static let usage = """
        USAGE: haraka sendmail -c <dir> [-f <sender>] [-F <name>] [-t] [-i] [<recipient> ...]

        Reads a mail from standard input and hands it to the server in <dir>; if none runs, puts it into its queue.

          -c <dir>       The server's folder; otherwise HARAKA_DIR of the environment.
          -f <sender>    Where reports go to. -f '<>': nowhere.
          -F <name>      The name in From, if the mail has none.
          -t             To whom To, Cc and Bcc say, too; Bcc is removed.
          -i, -oi        A line with a single dot does not end the mail.

        Exit status: of sysexits.h; 0: the mail is on disk; 75: try again later.
        """

    private enum Input {
        /// All of standard input; to a line with a single dot, if that ends it.
        static func mail(untilDot: Bool) throws -> [UInt8] {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(STDIN_FILENO, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw SendmailFailure(ExitStatus.inputOutput, "cannot read: \(errnoText())") }
                guard count > 0 else { return try lines(bytes, untilDot) }
                bytes += buffer[..<count]
            }
        }

        /// Every line ends with CR LF.
        private static func lines(_ bytes: [UInt8], _ untilDot: Bool) throws -> [UInt8] {
            var mail: [UInt8] = []
            mail.reserveCapacity(bytes.count + bytes.count / 32)
            for var line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
                // Of the last line end nothing follows.
                if line.isEmpty, line.startIndex == bytes.endIndex { break }
                if line.last == 0x0D { line = line.dropLast() }
                if untilDot, line.elementsEqual([0x2E]) { break }
                // It would be a line end for some who read it and none for others.
                if line.contains(0x0D) { throw SendmailFailure(ExitStatus.wrongData, "a CR stands within a line") }
                mail += line
                mail += [0x0D, 0x0A]
            }
            return mail
        }
    }
}

// Writing a mail into mailboxes: everything that waits for the disk. Runs on a thread of its own.
import HarakaPluginKit

/// One mail for one recipient.
struct Letter: Equatable, Sendable {
    /// Of the file.
    let name: String
    /// The folder names from the root to the mailbox.
    let mailbox: [String]
    /// The reverse-path without `<>`; empty for the null one.
    let sender: String
    let recipient: String

    /// What goes before the message (RFC 5321 4.4; `Delivered-To` by custom, and to find out who caused a loop).
    var head: String { "Return-Path: <\(printable(sender))>\nDelivered-To: \(printable(recipient))\n" }
}

/// Where all mailboxes are.
struct MailStore: Sendable {
    let root: String
    let path: MailboxPath

    /// Writes the message into a file.
    typealias Body = (borrowing File) throws(PluginError) -> Void

    /// Puts the message into the mailboxes of all letters, or of none. nil: it is there, and on the disk.
    func deliver(to letters: [Letter], writing body: Body) -> PluginError? {
        var written = 0
        var published = 0
        do throws(PluginError) {
            guard !letters.isEmpty else { throw PluginError("no recipients") }
            let root = try Folder(path: root)
            // All files are written before the first one is shown: a full disk is noticed before anybody has the mail.
            for letter in letters {
                try write(letter, body, root)
                written += 1
            }
            for letter in letters {
                let new = try publish(letter, root)
                // Counted before the sync: if that fails the name is there all the same.
                published += 1
                try new.sync()
            }
        } catch {
            // One more in tmp than was counted: the one that failed may be there in part.
            withdraw(letters[..<published])
            clear(letters[..<min(written + 1, letters.count)])
            return error
        }
        clear(letters[...])
        return nil
    }

    /// Writes and syncs one file in `tmp`, where no mail reader looks.
    private func write(_ letter: Letter, _ body: Body, _ root: borrowing Folder) throws(PluginError) {
        let mailbox = try open(letter.mailbox, below: root, create: true)
        // All three must be there for a mail reader.
        _ = try mailbox.folder("new", create: true)
        _ = try mailbox.folder("cur", create: true)
        let file = try mailbox.folder("tmp", create: true).create(letter.name)
        try file.write(letter.head)
        try body(file)
        // Before it gets its name in `new`: a crash must not leave a name without a message.
        try file.sync()
    }

    /// Makes a file that is on the disk already visible, and returns the folder that shows it.
    private func publish(_ letter: Letter, _ root: borrowing Folder) throws(PluginError) -> Folder {
        let mailbox = try open(letter.mailbox, below: root)
        let new = try mailbox.folder("new")
        try mailbox.folder("tmp").link(letter.name, into: new, as: letter.name)
        return new
    }

    /// Takes back what is visible, so that the client's next try doubles nothing.
    private func withdraw(_ letters: ArraySlice<Letter>) {
        each(letters, in: "new") { folder, name in if folder.remove(name) { try? folder.sync() } }
    }

    /// Removes the names in `tmp`. One that stays is swept later.
    private func clear(_ letters: ArraySlice<Letter>) {
        each(letters, in: "tmp") { folder, name in folder.remove(name) }
    }

    /// Runs `body` in a folder of each mailbox. Used to clean up, where one failure must not stop the rest.
    private func each(_ letters: ArraySlice<Letter>, in place: String, _ body: (borrowing Folder, String) -> Void) {
        for letter in letters {
            do throws(PluginError) {
                let mailbox = try open(letter.mailbox, below: try Folder(path: root))
                body(try mailbox.folder(place), letter.name)
            } catch { continue }
        }
    }

    /// Goes down name by name, so that no symbolic link on the way is followed.
    private func open(
        _ names: [String], below root: borrowing Folder, create: Bool = false
    ) throws(PluginError) -> Folder {
        var folder = try root.folder(names.first ?? ".", create: create)
        for name in names.dropFirst() { folder = try folder.folder(name, create: create) }
        return folder
    }
}

/// Addresses come from the network: nothing in them may begin a new line.
func printable(_ text: String) -> String {
    var clean = text
    clean.unicodeScalars.removeAll { $0.value < 0x20 || $0.value == 0x7F }
    return clean
}

// Why a plugin's file was refused, as sentences that tell a mail administrator what to do.

import Glibc

/// Why the host will not load a plugin's file.
///
/// ``description`` is one sentence that carries the path, without its full stop.
public struct PluginFileError: Error, Equatable, Sendable {
    /// What was wrong.
    public enum Reason: Error, Equatable, Sendable {
        /// No root has a file for this name; these paths were tried.
        case notFound(tried: [String])
        /// A symbolic link leads to a file that does not exist.
        case danglingLink
        /// Symbolic links lead to `target`, which is not under `root`.
        case leavesRoot(target: String, root: String)
        /// The system refused; `action` completes "can't be", `code` is the errno.
        case system(action: String, code: Int32)
        /// A folder, a device, a pipe or a socket.
        case notRegular
        /// Longer than ``SealedFile/maximumSize``.
        case tooLarge(UInt64)
        /// It belongs to user `owner`, and not to root or to user `process`, whom the server runs as.
        case foreignOwner(owner: UInt32, process: UInt32)
        /// Group or others may write to `path`, which is the file or a folder above it.
        case writableByOthers(path: String)
        /// Its size or its time of modification changed while it was read.
        case changedWhileCopied
        /// The descriptor that was handed over is no sealed memory file.
        case notSealed
        /// It is no shared library for this host.
        case elf(ELFError)
        /// It has no plugin note.
        case noteMissing
        /// Its plugin note can't be used.
        case noteBroken(NoteError)
        /// Its plugin note does not say which ABI it was built against.
        case noteWithoutABI
        /// It needs another plugin ABI than the host's.
        case foreignABI(plugin: ABIVersion, host: ABIVersion)
        /// It exports no `haraka_register`.
        case noRegister
        /// It exports a `haraka_register` that is not code.
        case registerIsNoFunction
        /// DT_RUNPATH, DT_RPATH or DT_NEEDED holds $ORIGIN.
        case originInRunpath(String)
        /// DT_TEXTREL.
        case textRelocations
        /// PT_GNU_STACK.
        case executableStack
    }

    /// The file; for ``Reason/notFound(tried:)`` the plugin's name.
    public let path: String
    public let reason: Reason

    public init(path: String, reason: Reason) {
        self.path = path
        self.reason = reason
    }

    /// There is no file of that name anywhere, as opposed to one that must not be used.
    public var isNotFound: Bool {
        if case .notFound = reason { return true }
        return false
    }
}

extension PluginFileError: CustomStringConvertible {
    public var description: String {
        switch reason {
        case .notFound(let tried):
            "plugin \(path) is not installed: there is none of \(tried.joined(separator: ", "))"
        case .elf(let error):
            "\(path): \(error)"
        default:
            "\(path) \(sentence)"
        }
    }

    /// What follows the path.
    private var sentence: String {
        switch reason {
        case .notFound, .elf: ""
        case .danglingLink: "is a symbolic link to nothing: remove it, or install the plugin that it points to"
        case .leavesRoot(let target, let root):
            "leads by a symbolic link to \(target), out of \(root): copy the plugin into that folder instead"
        case .system(let action, let code): "can't be \(action): \(Self.text(of: code, action))"
        case .notRegular: "is not a regular file: put the plugin's .so there"
        case .tooLarge(let size): "has \(size) bytes, more than \(SealedFile.maximumSize): it can't be a plugin"
        case .foreignOwner(let owner, let process):
            "belongs to user \(owner), neither to root nor to user \(process), whom this server runs as: "
                + "run: chown \(process) \(shellQuoted(path))"
        case .writableByOthers(let place) where place == path:
            "can be changed by its group or by anyone: run: chmod go-w \(shellQuoted(place))"
        case .writableByOthers(let place):
            "can be replaced, because group or others may write to \(place): run: chmod go-w \(shellQuoted(place))"
        case .changedWhileCopied: "was changed while it was read: wait until it is installed, then load it again"
        case .notSealed: "was handed over without its seals: restart the server"
        default: refusal
        }
    }

    /// What follows the path, for a library that is readable but unfit: these are for the plugin's author.
    private var refusal: String {
        switch reason {
        case .noteMissing:
            "has no plugin note: is it a Haraka plugin? Its source must say HARAKA_PLUGIN, with name and version"
        case .noteBroken(let error):
            "can't be used, because its plugin note \(error): its source must make the note with HARAKA_PLUGIN"
        case .noteWithoutABI:
            "does not say in its plugin note which ABI it was built against: "
                + "its source must make the note with HARAKA_PLUGIN"
        case .foreignABI(let plugin, let host):
            "needs plugin ABI \(plugin), but this server has \(host): "
                + (plugin < host
                    ? "build the plugin against this server's haraka/plugin.h"
                    : "use a newer server, or build the plugin against this server's haraka/plugin.h")
        case .noRegister:
            "exports no haraka_register: is it a Haraka plugin? Its source must define that function, visibly"
        case .registerIsNoFunction: "exports a haraka_register that is not a function: its source must define one"
        case .originInRunpath(let text):
            "looks for libraries relative to its own place (\(text)), but plugins run from a copy in memory: "
                + "link it without $ORIGIN, statically or with an absolute path"
        case .textRelocations: "must be patched while it loads (DT_TEXTREL): compile all of it with -fPIC"
        case .executableStack: "asks for an executable stack: link it with -z noexecstack"
        default: ""
        }
    }

    /// The system's words, and for the one error that nobody would guess, the remedy.
    private static func text(of code: Int32, _ action: String) -> String {
        let text = String(cString: strerror(code))
        guard code == EACCES, action == SealedFile.memoryAction else { return text }
        return "\(text): run: sysctl vm.memfd_noexec=1"
    }
}

/// The path as it can be pasted into a shell: in quotes, unless nothing in it needs them.
private func shellQuoted(_ path: String) -> String {
    let isPlain = path.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2b, 0x2d, 0x2e, 0x2f, 0x5f: true
        default: false
        }
    }
    if isPlain { return path }
    let escaped = path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
    return "'" + escaped + "'"
}

// The static checks of a plugin: everything that can be known before it is mapped.

/// A plugin's file that passed every static check.
public struct VerifiedPlugin: Equatable, Sendable {
    /// What may be said about a plugin that is loaded nevertheless.
    public enum Warning: Equatable, Sendable, CustomStringConvertible {
        /// The note's name and the file's differ.
        case nameMismatch(note: String, path: String)

        public var description: String {
            switch self {
            case .nameMismatch(let note, let path):
                "\(path) calls itself \(note) in its plugin note: rename the file, "
                    + "or its settings and results will be looked for under another name"
            }
        }
    }

    public let summary: ELFSummary
    public let note: PluginNote
    /// The SHA-256 hash of the bytes, in hexadecimal.
    public let hash: String
    /// For the log.
    public let warnings: [Warning]

    /// Whether it can be unmapped once it is no longer in use.
    public var unload: UnloadVerdict { UnloadVerdict(summary) }
}

/// The static checks.
public enum PluginCheck {
    /// The function that every plugin exports.
    public static let entryPoint = "haraka_register"

    /// Checks a sealed file against the ABI that this host offers.
    ///
    /// It runs no code of the plugin. It blocks for as long as reading takes, so keep it off the event loop.
    ///
    /// - Parameter abi: the host's ABI. The major number must be the plugin's. While it is 0 the minor number must be
    ///   the same too; from 1.0 on, the one that the plugin needs must not be later.
    /// - Throws: the first reason not to load it.
    public static func verify(
        _ sealed: borrowing SealedFile, against abi: ABIVersion
    ) throws(PluginFileError) -> VerifiedPlugin {
        let path = sealed.origin
        do throws(PluginFileError.Reason) {
            let summary = try read(sealed)
            try checkLinking(summary)
            let note = try note(summary)
            try checkABI(note, host: abi)
            try checkEntryPoint(summary)
            let mismatch = VerifiedPlugin.Warning.nameMismatch(note: note.name, path: path)
            return VerifiedPlugin(
                summary: summary, note: note, hash: sealed.hash,
                warnings: isNamed(path, note.name) ? [] : [mismatch])
        } catch {
            throw PluginFileError(path: path, reason: error)
        }
    }

    private static func read(_ sealed: borrowing SealedFile) throws(PluginFileError.Reason) -> ELFSummary {
        do throws(ELFError) {
            return try sealed.withBytes { (bytes) throws(ELFError) in try ELFImage.read(bytes) }
        } catch {
            throw .elf(error)
        }
    }

    private static func note(_ summary: ELFSummary) throws(PluginFileError.Reason) -> PluginNote {
        switch summary.note {
        case .missing: throw .noteMissing
        case .broken(let error): throw .noteBroken(error)
        case .found(let note): return note
        }
    }

    private static func checkABI(_ note: PluginNote, host: ABIVersion) throws(PluginFileError.Reason) {
        guard let built = note.abi else { throw .noteWithoutABI }
        // While the header is 0.x nothing is promised from one version to the next, so a minimum means nothing.
        let needed = host.major == 0 ? built : note.abiMinimum ?? built
        let fits = needed.major == host.major && (host.major == 0 ? needed.minor == host.minor : needed <= host)
        guard fits else { throw .foreignABI(plugin: needed, host: host) }
    }

    private static func checkEntryPoint(_ summary: ELFSummary) throws(PluginFileError.Reason) {
        guard let symbol = summary.export(named: entryPoint) else { throw .noRegister }
        guard symbol.kind == .function, summary.executableRanges.contains(where: { $0.contains(symbol.value) }) else {
            throw .registerIsNoFunction
        }
    }

    private static func checkLinking(_ summary: ELFSummary) throws(PluginFileError.Reason) {
        for text in [summary.runpath, summary.rpath].compactMap({ $0 }) + summary.needed {
            // The copy in memory has no folder of its own, so $ORIGIN would point to /proc/self/fd.
            if text.contains("$ORIGIN") || text.contains("${ORIGIN}") { throw .originInRunpath(text) }
        }
        if summary.flags.contains(.textRelocations) { throw .textRelocations }
        if summary.flags.contains(.executableStack) { throw .executableStack }
    }

    /// Whether a plugin of this name may be in this file: .../N.so, .../N/<last part>.so or .../N/N.so.
    private static func isNamed(_ path: String, _ name: String) -> Bool {
        let last = name.split(separator: "/").last ?? ""
        return ["\(name).so", "\(name)/\(last).so"].contains { path.hasSuffix("/" + $0) }
    }
}

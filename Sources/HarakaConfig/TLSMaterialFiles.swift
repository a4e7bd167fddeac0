// The files that hold keys and certificates: which there are, what is in them, and who else may read them.

import Glibc

/// The PEM files of a server.
public struct TLSMaterialFiles: Sendable {
    public struct File: Sendable, Equatable {
        /// As it was opened.
        public var path: String
        public var bytes: [UInt8]
    }

    /// A key and its certificate that are named together.
    public struct Pair: Sendable, Equatable {
        public var key: File
        public var certificate: File
    }

    /// What `[main]` names, or tls_key.pem and tls_cert.pem.
    public private(set) var main: [Pair] = []
    /// What the sections of hosts name.
    public private(set) var hosts: [String: [Pair]] = [:]
    /// What `[outbound]` names, or as `main`.
    public private(set) var outbound: [Pair] = []
    /// All files in config/tls/ and the folders in it that hold PEM, in the order of their paths.
    public private(set) var folder: [File] = []
    /// By the names in tls.ini, `ca` and `dhparam`.
    public private(set) var others: [String: File] = [:]
    /// Whose changes matter: files and folders. Those that are missing too.
    public private(set) var watched: [String] = []
    public private(set) var diagnostics: [Diagnostic] = []

    private let root: String
    /// More files and deeper folders than these are some mistake.
    private static let (fileLimit, depthLimit) = (10_000, 8)

    /// Reads them. Blocks on the disk.
    public init(_ file: TLSFile, in directory: ConfigDirectory) {
        root = directory.overrides
        watch("tls.ini")
        if file.main.keys.isEmpty {
            readStandard()
        } else {
            main = pairs(file.main)
        }
        for (name, options) in file.hosts.sorted(by: { $0.key < $1.key }) where !options.keys.isEmpty {
            hosts[name] = pairs(options)
        }
        outbound = file.outbound.options.keys == file.main.keys ? main : pairs(file.outbound.options)
        let authorities = Set(
            file.main.authorities + file.outbound.options.authorities + file.hosts.values.flatMap(\.authorities))
        for name in authorities.sorted() { others[name] = read(name, isNeeded: true) }
        if let name = file.dhParameters { readParameters(name) }
        walk("\(root)/tls", depth: 0)
        folder.sort { $0.path < $1.path }
    }

    /// Relative to config/, as every name in tls.ini.
    private func path(_ name: String) -> String { name.hasPrefix("/") ? name : "\(root)/\(name)" }

    private mutating func watch(_ name: String) { watched.append(path(name)) }

    /// In the order of tls.ini. A pair of which one half cannot be read is left out.
    private mutating func pairs(_ options: TLSFile.Options) -> [Pair] {
        zip(options.keys, options.certificates).compactMap { key, certificate in
            guard let key = read(key, isNeeded: true), let certificate = read(certificate, isNeeded: true) else {
                return nil
            }
            return Pair(key: key, certificate: certificate)
        }
    }

    /// Both or none: one alone is a mistake.
    private mutating func readStandard() {
        let key = read(TLSFile.standardKey, isNeeded: false)
        let certificate = read(TLSFile.standardCertificate, isNeeded: false)
        if let key, let certificate { return main = [Pair(key: key, certificate: certificate)] }
        guard let alone = key ?? certificate, !diagnostics.contains(where: { $0.severity == .error }) else { return }
        let missing = key == nil ? TLSFile.standardKey : TLSFile.standardCertificate
        report(.error, alone.path, "\(missing) is missing: a key and a certificate are needed")
    }

    /// Haraka makes the file when it is missing; here it is hardly ever needed.
    private mutating func readParameters(_ name: String) {
        others[name] = read(name, isNeeded: false)
        guard others[name] == nil else { return }
        report(
            .warning, path(name), "dhparam names it, and it is not used: those of RFC 7919 are, where any are needed")
    }

    /// - Parameter isNeeded: somebody has named it, so that it must be there.
    private mutating func read(_ name: String, isNeeded: Bool) -> File? {
        watch(name)
        let path = path(name)
        switch FileContent.read(path) {
        case .bytes(let bytes):
            let file = File(path: path, bytes: bytes)
            checkAccess(file)
            return file
        case .missing:
            if isNeeded { report(.error, path, "there is no such file; tls.ini names it") }
        case .refused(let why): report(.error, path, "the file \(why)")
        }
        return nil
    }

    /// Every file in a folder and the folders in it. Links are followed: that is how renewed certificates arrive.
    private mutating func walk(_ folder: String, depth: Int) {
        guard depth < Self.depthLimit, let directory = opendir(folder) else {
            if depth == 0, errno == EACCES { report(.error, folder, "the folder cannot be read: Permission denied") }
            if depth == 0 { watched.append(folder) }
            return
        }
        watched.append(folder)
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            // Hidden files and editors' copies are nobody's wish.
            if !name.hasPrefix("."), !name.hasSuffix("~") { names.append(name) }
        }
        closedir(directory)
        for name in names.sorted() { take("\(folder)/\(name)", depth: depth) }
    }

    /// A file, or a folder in the folder.
    private mutating func take(_ path: String, depth: Int) {
        var status = stat()
        guard stat(path, &status) == 0 else { return report(.error, path, "the file cannot be read: it leads nowhere") }
        if status.st_mode & S_IFMT == S_IFDIR { return walk(path, depth: depth + 1) }
        guard folder.count < Self.fileLimit else { return }
        switch FileContent.read(path) {
        case .bytes(let bytes):
            let file = File(path: path, bytes: bytes)
            guard file.holds("-----BEGIN ") else { return }
            checkAccess(file)
            folder.append(file)
        case .missing: return
        case .refused(let why): report(.error, path, "the file \(why)")
        }
    }

    /// A private key is nobody else's.
    private mutating func checkAccess(_ file: File) {
        var status = stat()
        guard file.holds("PRIVATE KEY-----"), stat(file.path, &status) == 0 else { return }
        let mode = status.st_mode & 0o777
        if mode & 0o002 != 0 {
            report(.error, file.path, "anybody may replace this private key: chmod 600 \(file.path)")
        } else if mode & 0o077 != 0 {
            let who = mode & 0o007 != 0 ? "anybody" : "a group"
            let what = mode & 0o020 != 0 ? "replace" : "read"
            report(.warning, file.path, "\(who) may \(what) this private key: chmod 600 \(file.path)")
        }
    }

    private mutating func report(_ severity: Diagnostic.Severity, _ file: String, _ message: String) {
        diagnostics.append(Diagnostic(severity, file: file, message))
    }
}

extension TLSMaterialFiles.File {
    /// Whether the text, which is not empty, is in it.
    func holds(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        return bytes.withUnsafeBufferPointer { all in
            var place = 0
            while place + wanted.count <= all.count {
                if all[place] == wanted[0], all[place..<place + wanted.count].elementsEqual(wanted) { return true }
                place += 1
            }
            return false
        }
    }
}

extension Diagnostic {
    /// A finding about a line of a file that this room has no reader for; line 0: about the whole file.
    public init(_ severity: Severity, file: String, line: Int, message: String) {
        self.init(severity, Source(file: file, line: line), message)
        // Keys are not for showing.
        excerpt = []
    }
}

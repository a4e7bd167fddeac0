// `haraka -i DIR`: a folder that can be run. docs/command-line.md "Files".

import Glibc

enum Skeleton {
    private static let copied = ["smtp.ini", "connection.ini", "log.ini", "plugins.ini", "plugins"]

    static func make(_ folder: String, force: Bool, _ prefix: InstallPrefix) throws {
        for name in ["", "/config", "/plugins", "/docs"] { try makeFolder(folder + name) }
        for name in copied {
            guard let text = TextFile.read("\(prefix.config)/\(name)") else {
                throw CommandError("the installation has no \(prefix.config)/\(name)")
            }
            try TextFile.write(text, to: "\(folder)/config/\(name)", force: force)
        }
        let name = hostName()
        try TextFile.write("\(name)\n", to: "\(folder)/config/me", force: force)
        try TextFile.write("\(name)\n", to: "\(folder)/config/host_list", force: force)
        try TextFile.write(readme(folder), to: "\(folder)/README", force: force)
        print("Made \(folder). Edit \(folder)/config/, then run: haraka -c \(folder)")
    }

    private static func makeFolder(_ path: String) throws {
        // Private to the user: plugins are code, and the rule for them is that nobody else may write.
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw CommandError("cannot make \(path): \(errnoText())")
        }
    }

    private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, 255) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func readme(_ folder: String) -> String {
        """
        This folder runs a mail server:

            haraka -c \(folder)             run it
            haraka -c \(folder) --check     look for mistakes first
            haraka -c \(folder) --reload    load plugins anew while it runs

        config/     what it does: smtp.ini (where it listens), host_list (for which domains), plugins (who decides)
        plugins/    your own plugins: NAME.so, or NAME/NAME.so with its config/ and README.md
        docs/       your own pages for haraka -h NAME

        """
    }
}

// One shared object in this process: sealed, checked, mapped. docs/plugin-abi.md items 10, 19, 20.

import CHarakaFile
import CLtdl
import Glibc
import Synchronization

/// Why a plugin is not loaded: one sentence for the administrator.
public struct PluginLoadError: Error, Equatable, Sendable, CustomStringConvertible {
    public let plugin: String
    public let message: String
    public var description: String { "plugin \(plugin): \(message)" }

    public init(_ plugin: String, _ message: String) {
        self.plugin = plugin
        self.message = message
    }
}

/// A file that was sealed and checked, ready to be mapped. Made on any thread.
public final class SealedPlugin: Sendable {
    public let name: String
    public let location: PluginLocation
    public let verified: VerifiedPlugin
    let sealed: SealedFile
    /// The folder with the plugin's own defaults: that of a package, or beside NAME.so the folder NAME.
    let package: String?

    init(name: PluginName, location: PluginLocation, abi: ABIVersion) throws(PluginLoadError) {
        self.name = name.text
        self.location = location
        do throws(PluginFileError) {
            let sealed = try SealedFile(location.path)
            verified = try PluginCheck.verify(sealed, against: abi)
            self.sealed = sealed
            let beside = "\(location.root)/\(name.text)"
            package = location.packageFolder ?? (access("\(beside)/config", F_OK) == 0 ? beside : nil)
        } catch {
            throw PluginLoadError(name.text, "\(error)")
        }
    }
}

/// A mapped plugin. Its descriptor stays open and its code mapped for as long as the process lives (for now): glibc would
/// give the old code to whoever opens the same path, and `/proc/self/fd/N` is such a path.
final class PluginObject {
    let file: SealedPlugin
    var name: String { file.name }
    private let handle: UnsafeMutableRawPointer
    private let base: UnsafeRawPointer
    /// Every file that was ever mapped. Process-wide, as the loader is.
    private static let mapped = Mutex<[SealedPlugin]>([])
    /// Names of exported functions, as the file's own symbol table says.
    let exports: Set<String>

    /// Maps the file and runs its constructors. On the loop: one thread loads.
    ///
    /// libltdl keeps the books but binds lazily, and an unresolved symbol would end the process at its first use. So the
    /// loader is asked first to bind everything now; libltdl then finds the object mapped.
    init(_ file: SealedPlugin) throws(PluginLoadError) {
        self.file = file
        exports = Set(file.verified.summary.exports.filter { $0.kind == .function }.map(\.name))
        let path = file.sealed.path
        guard let probe = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw PluginLoadError(file.name, PluginObject.explain(path, file.location.path))
        }
        // From here on the descriptor must stay open, whatever becomes of this plugin: see above.
        PluginObject.mapped.withLock { $0.append(file) }
        guard let opened = PluginObject.open(path) else {
            let reason = lt_dlerror().map { String(cString: $0) } ?? "unknown error"
            throw PluginLoadError(file.name, "\(file.location.path): \(reason)")
        }
        handle = UnsafeMutableRawPointer(opened)
        guard let entry = dlsym(probe, "haraka_register"), let start = haraka_object_base(entry) else {
            throw PluginLoadError(file.name, "\(file.location.path): its haraka_register cannot be found in memory")
        }
        base = start
        guard function("haraka_register") != nil else {
            throw PluginLoadError(file.name, "\(file.location.path): haraka_register belongs to another library")
        }
    }

    private static func explain(_ path: String, _ origin: String) -> String {
        let text = dlerror().map { String(cString: $0) } ?? "unknown error"
        let reason = text.hasPrefix(path) ? origin + text.dropFirst(path.count) : "\(origin): \(text)"
        guard let range = reason.firstRange(of: "undefined symbol: ") else { return reason }
        let symbol = reason[range.upperBound...].prefix { $0 != " " && $0 != ")" && $0 != "," }
        return "\(origin) needs the symbol \(symbol), which neither the server nor a library that it names provides: "
            + "link the library that has it (-l...)"
    }

    private static func open(_ path: String) -> lt_dlhandle? {
        var advice: lt_dladvise?
        guard lt_dlinit() == 0, lt_dladvise_init(&advice) == 0 else { return nil }
        defer { lt_dladvise_destroy(&advice) }
        lt_dladvise_local(&advice)
        return lt_dlopenadvise(path, advice)
    }

    /// The address of an exported function of this very object, else nil.
    ///
    /// Three checks, because asking the loader alone gives libc's `connect` or a library's `haraka_register`: the file's
    /// own table has the name, the loader finds it, and what it finds lies in this object.
    func function(_ name: String) -> UnsafeMutableRawPointer? {
        guard exports.contains(name), let address = lt_dlsym(lt_dlhandle(handle), name) else { return nil }
        return haraka_object_base(address) == base ? address : nil
    }
}

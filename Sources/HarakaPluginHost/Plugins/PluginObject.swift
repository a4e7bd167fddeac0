// One shared object in this process: mapped, and unmapped when that is safe. docs/plugin-abi.md items 10, 19, 20, 24.

import CHarakaFile
import CLtdl
import Glibc
import Synchronization

/// A mapped plugin of one generation, or the empty place of one that is out of order.
///
/// The memory file's descriptor stays open for as long as its code is mapped: glibc would give the old code to whoever
/// opens the same path, and `/proc/self/fd/N` is such a path.
final class PluginObject {
    let name: String
    /// Nil: out of order, or unmapped.
    private(set) var file: SealedPlugin?
    /// The plugin's own folder of defaults.
    let package: String?
    let verdict: UnloadVerdict
    /// Why it is out of order; nil: it is not.
    let standIn: StandIn?
    /// In the fault page; 0: none.
    let faultIndex: UInt32
    let faults: FaultFrames
    /// Names of exported functions, as the file's own symbol table says.
    let exports: Set<String>
    private var mapping: Mapping?
    /// Its plugin is over, and it stays mapped for good.
    var isInert = false

    var isMapped: Bool { mapping != nil }

    private struct Mapping {
        let path: String
        let probe: UnsafeMutableRawPointer
        let handle: UnsafeMutableRawPointer
        let base: UnsafeRawPointer
    }

    /// Every file that is mapped, whichever host did it, by its memory file. Process-wide, as the loader is.
    private static let mapped = Mutex<[Int32: SealedPlugin]>([:])

    static let mappedAlready = "is mapped already: it must be sealed anew"

    static func isMapped(_ file: SealedPlugin) -> Bool { mapped.withLock { $0[file.descriptor] != nil } }

    /// Maps the file and runs its constructors. On the loop: one thread loads.
    init(_ file: SealedPlugin, generation: Int, faults: FaultFrames) throws(PluginLoadError) {
        name = file.name
        self.file = file
        self.faults = faults
        package = file.package
        verdict = file.verified.unload
        standIn = nil
        exports = Set(file.verified.summary.exports.filter { $0.kind == .function }.map(\.name))
        guard !PluginObject.isMapped(file) else { throw PluginLoadError(file.name, PluginObject.mappedAlready) }
        faultIndex = faults.addPlugin(file.name, hash: file.hash, generation: generation)
        let outer = faults.enter(faultIndex, .load)
        defer { faults.leave(outer) }
        do throws(PluginLoadError) {
            try map(file)
        } catch {
            if mapping == nil || !unmap() { removeIfUnmapped() }
            throw error
        }
    }

    /// The place of a plugin that is out of order.
    init(_ standIn: StandIn, faults: FaultFrames) {
        name = standIn.name
        self.faults = faults
        self.standIn = standIn
        package = nil
        verdict = .safe
        exports = []
        faultIndex = 0
    }

    /// libltdl keeps the books but binds lazily, and an unresolved symbol would end the process at its first use. So
    /// the loader is asked first to bind everything now; libltdl then finds the object mapped.
    private func map(_ file: SealedPlugin) throws(PluginLoadError) {
        let path = file.sealed.path
        guard let probe = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw PluginLoadError(file.name, PluginObject.explain(path, file.location.path))
        }
        // From here on the descriptor must stay open until it is unmapped: see above.
        PluginObject.mapped.withLock { $0[file.descriptor] = file }
        guard let opened = PluginObject.open(path) else {
            let reason = lt_dlerror().map { String(cString: $0) } ?? "unknown error"
            dlclose(probe)
            throw PluginLoadError(file.name, "\(file.location.path): \(reason)")
        }
        let handle = UnsafeMutableRawPointer(opened)
        let entry = dlsym(probe, "haraka_register")
        guard let entry, let base = haraka_object_base(entry) else {
            mapping = Mapping(path: path, probe: probe, handle: handle, base: UnsafeRawPointer(probe))
            throw PluginLoadError(file.name, "\(file.location.path): its haraka_register cannot be found in memory")
        }
        mapping = Mapping(path: path, probe: probe, handle: handle, base: base)
        guard function("haraka_register") != nil else {
            throw PluginLoadError(file.name, "\(file.location.path): haraka_register belongs to another library")
        }
        faults.setMapping(faultIndex, base, size: file.verified.summary.mappedSize)
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
    /// Three checks, because asking the loader alone gives libc's `connect` or a library's `haraka_register`: the
    /// file's own table has the name, the loader finds it, and what it finds lies in this object.
    func function(_ name: String) -> UnsafeMutableRawPointer? {
        guard let mapping, exports.contains(name),
            let address = lt_dlsym(lt_dlhandle(mapping.handle), name)
        else { return nil }
        return haraka_object_base(address) == mapping.base ? address : nil
    }

    // MARK: out again

    /// Runs its destructors and takes it out of memory, if its verdict allows it and the loader does it. False: it is
    /// still mapped, its memory file stays open, and nothing will call it. The caller has made sure that nothing can.
    /// On the loop, outside of plugin code.
    func unmap() -> Bool {
        guard let mapping else { return true }
        guard verdict == .safe, !isInert else { return false }
        let outer = faults.enter(faultIndex, .unload)
        lt_dlclose(lt_dlhandle(mapping.handle))
        dlclose(mapping.probe)
        faults.leave(outer)
        guard !PluginObject.isLoaded(mapping.path) else { return false }
        self.mapping = nil
        forget()
        return true
    }

    /// Whether the loader still has it: a dlclose that succeeds does not mean that it is gone.
    private static func isLoaded(_ path: String) -> Bool {
        guard let handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD) else {
            // Takes the message away.
            _ = dlerror()
            return false
        }
        dlclose(handle)
        return true
    }

    private func removeIfUnmapped() {
        if let file, !PluginObject.isLoaded(file.sealed.path) { forget() }
    }

    private func forget() {
        if let file {
            PluginObject.mapped.withLock { $0[file.descriptor] = nil }
        }
        file = nil
        faults.removePlugin(faultIndex)
    }
}

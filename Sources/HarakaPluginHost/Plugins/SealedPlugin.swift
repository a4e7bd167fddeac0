// A plugin's file, sealed and checked, before it is mapped; and why one is not loaded.

import Glibc

/// Why a plugin is not loaded: one sentence for the administrator.
public struct PluginLoadError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Empty: it is about none in particular.
    public let plugin: String
    public let message: String
    public var description: String { plugin.isEmpty ? message : "plugin \(plugin): \(message)" }

    public init(_ plugin: String, _ message: String) {
        self.plugin = plugin
        self.message = message
    }
}

/// A file that was sealed and checked, ready to be mapped. Made on any thread.
///
/// Its memory file stays open for as long as this lives, and that is at least as long as the library is mapped.
public final class SealedPlugin: Sendable {
    public let name: String
    public let location: PluginLocation
    public let verified: VerifiedPlugin
    let sealed: SealedFile
    /// The folder with the plugin's own defaults: that of a package, or beside NAME.so the folder NAME.
    let package: String?

    /// The SHA-256 hash of its bytes, in hexadecimal.
    public var hash: String { sealed.hash }
    /// The memory file, to be handed to a worker. Stays this value's.
    public var descriptor: Int32 { sealed.descriptor }

    /// Finds nothing: copies, seals and checks the file at `location`.
    convenience init(name: PluginName, location: PluginLocation, abi: ABIVersion) throws(PluginLoadError) {
        do throws(PluginFileError) {
            let sealed = try SealedFile(location.path)
            let verified = try PluginCheck.verify(sealed, against: abi)
            self.init(name.text, location, sealed, verified)
        } catch {
            throw PluginLoadError(name.text, "\(error)")
        }
    }

    /// Takes over what the supervisor has sealed. The entry's descriptor is owned by the new value, and closed if this
    /// throws. The note and the tables of the file are read again; its hash is believed.
    convenience init(inherited entry: PluginManifest.Entry, abi: ABIVersion) throws(PluginLoadError) {
        let location = PluginLocation(path: entry.origin, packageFolder: entry.packageFolder, root: entry.root)
        do throws(PluginFileError) {
            let sealed = try SealedFile(inherited: entry.descriptor, origin: entry.origin, hash: entry.hash)
            let verified = try PluginCheck.verify(sealed, against: abi)
            self.init(entry.name, location, sealed, verified)
        } catch {
            throw PluginLoadError(entry.name, "\(error)")
        }
    }

    private init(_ name: String, _ location: PluginLocation, _ sealed: consuming SealedFile, _ verified: VerifiedPlugin)
    {
        self.name = name
        self.location = location
        self.sealed = sealed
        self.verified = verified
        let beside = "\(location.root)/\(name)"
        package = location.packageFolder ?? (access("\(beside)/config", F_OK) == 0 ? beside : nil)
    }

    /// The same plugin in a memory file of its own, so that it can be mapped beside this one. Any thread; copies its
    /// bytes.
    public func resealed() throws(PluginLoadError) -> SealedPlugin {
        do throws(PluginFileError) {
            return SealedPlugin(name, location, try sealed.resealed(), verified)
        } catch {
            throw PluginLoadError(name, "\(error)")
        }
    }

    /// The hooks that its note names and those that it exports, without running it.
    public var knownHooks: [String] {
        let exported = verified.summary.exports.filter { $0.kind == .function && $0.name.hasPrefix("hook_") }
        let named = verified.note.hooks
        return named + exported.map { String($0.name.dropFirst(5)) }.filter { !named.contains($0) }
    }
}

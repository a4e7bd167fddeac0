// From names to files: the order of the places, packages, and links that lead out.

import Foundation
import Testing

@testable import HarakaPluginHost

@Suite struct PluginFinderTests {
    private let folder: TemporaryFolder
    private let own: String
    private let bundled: String
    private let finder: PluginFinder

    init() throws {
        folder = try TemporaryFolder()
        own = folder.path + "/own/plugins"
        bundled = folder.path + "/lib"
        finder = PluginFinder(roots: [own, bundled])
        for root in [own, bundled] {
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        }
    }

    private func error(_ name: String) throws -> PluginFileError? {
        let name = try PluginName(name)
        do throws(PluginFileError) {
            _ = try finder.find(name)
            return nil
        } catch {
            return error
        }
    }

    private func find(_ name: String) throws -> PluginLocation { try finder.find(PluginName(name)) }

    private func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }

    @Test("a plain file is found, with slashes and dots in its name", arguments: ["limit", "rcpt_to.x", "auth/a.b"])
    func plain(name: String) throws {
        let path = try folder.write("lib/\(name).so", [1])
        #expect(try find(name) == PluginLocation(path: path, packageFolder: nil, root: bundled))
    }

    @Test("a package is found by its folder, in both layouts")
    func package() throws {
        let simple = try folder.write("lib/limit/limit.so", [1])
        #expect(
            try find("limit") == PluginLocation(path: simple, packageFolder: bundled + "/limit", root: bundled))
        let last = try folder.write("lib/auth/flat/flat.so", [1])
        #expect(
            try find("auth/flat") == PluginLocation(path: last, packageFolder: bundled + "/auth/flat", root: bundled))
        let nested = try folder.write("lib/auth/ldap/auth/ldap.so", [1])
        #expect(
            try find("auth/ldap") == PluginLocation(path: nested, packageFolder: bundled + "/auth/ldap", root: bundled))
    }

    @Test("a plain file goes before a package, and the first root before the second")
    func order() throws {
        let package = try folder.write("lib/x/x.so", [1])
        #expect(try find("x").path == package)
        let plain = try folder.write("lib/x.so", [1])
        #expect(try find("x").path == plain)
        let local = try folder.write("own/plugins/x/x.so", [1])
        #expect(try find("x") == PluginLocation(path: local, packageFolder: own + "/x", root: own))
    }

    @Test("a folder called like the file is passed over")
    func folderInPlace() throws {
        try folder.write("lib/x.so/README.md", [1])
        let path = try folder.write("lib/x/x.so", [1])
        #expect(try find("x").path == path)
    }

    @Test("a name without a file is reported with every path that was tried")
    func notFound() throws {
        let tried = [own, bundled].flatMap { ["\($0)/a/b.so", "\($0)/a/b/b.so", "\($0)/a/b/a/b.so"] }
        let error = try #require(try error("a/b"))
        #expect(error == PluginFileError(path: "a/b", reason: .notFound(tried: tried)))
        #expect(error.isNotFound)
        #expect(
            error.description == "plugin a/b is not installed: there is none of " + tried.joined(separator: ", "))
    }

    @Test("a root that does not exist is passed over")
    func missingRoot() throws {
        let path = try folder.write("lib/x.so", [1])
        let finder = PluginFinder(roots: [folder.path + "/none", bundled])
        #expect(try finder.find(PluginName("x")).path == path)
    }

    @Test("a link within the root is followed")
    func linkInside() throws {
        let path = try folder.write("lib/versions/2.so", [1])
        try link(bundled + "/x.so", to: "versions/2.so")
        #expect(try find("x") == PluginLocation(path: path, packageFolder: nil, root: bundled))
    }

    @Test("a root may itself be a link")
    func linkedRoot() throws {
        let path = try folder.write("lib/x.so", [1])
        try link(folder.path + "/alias", to: bundled)
        let finder = PluginFinder(roots: [folder.path + "/alias"])
        let location = try finder.find(PluginName("x"))
        #expect(location.path == path)
        #expect(location.root == folder.path + "/alias")
    }

    @Test("a link of a file out of the root is refused, also to a neighbour with the same beginning, and through ..")
    func linkedFile() throws {
        let outside = try folder.write("lib2/x.so", [1])
        try link(bundled + "/x.so", to: outside)
        let reason = PluginFileError.Reason.leavesRoot(target: outside, root: bundled)
        #expect(try error("x") == PluginFileError(path: bundled + "/x.so", reason: reason))
        try link(bundled + "/y.so", to: "../lib2/x.so")
        #expect(try error("y") == PluginFileError(path: bundled + "/y.so", reason: reason))
    }

    @Test("a linked folder out of the root is refused, even if the file in it leads back in")
    func linkedFolder() throws {
        let outside = try folder.write("far/x.so", [1])
        try link(bundled + "/x", to: folder.path + "/far")
        let reason = PluginFileError.Reason.leavesRoot(target: outside, root: bundled)
        #expect(try error("x") == PluginFileError(path: bundled + "/x/x.so", reason: reason))
        try folder.write("lib/real.so", [1])
        try FileManager.default.removeItem(atPath: outside)
        try link(outside, to: bundled + "/real.so")
        let back = PluginFileError.Reason.leavesRoot(target: folder.path + "/far", root: bundled)
        #expect(try error("x") == PluginFileError(path: bundled + "/x", reason: back))
    }

    @Test("a link to nothing, or in a circle, is an error and does not fall through to another root")
    func brokenLinks() throws {
        try folder.write("lib/x.so", [1])
        try link(own + "/x.so", to: "gone.so")
        let dangling = try error("x")
        #expect(dangling == PluginFileError(path: own + "/x.so", reason: .danglingLink))
        #expect(dangling?.isNotFound == false)
        try link(own + "/y.so", to: "y.so")
        let error = try #require(try error("y"))
        #expect(error.reason == .system(action: "reached", code: ELOOP))
        #expect(error.description == "\(own)/y.so can't be reached: Too many levels of symbolic links")
    }

    @Test("all plugins are listed by the name that finds them, each once, in order")
    func all() throws {
        try folder.write("lib/limit.so", [1])
        try folder.write("own/plugins/limit.so", [1])
        try folder.write("lib/rcpt_to.x/rcpt_to.x.so", [1])
        try folder.write("lib/rcpt_to.x/README.md", [1])
        try folder.write("lib/rcpt_to.x/config/x.ini", [1])
        try folder.write("lib/auth/plain.so", [1])
        try folder.write("lib/auth/flat/flat.so", [1])
        try folder.write("lib/auth/ldap/auth/ldap.so", [1])
        try folder.write("lib/.hidden.so", [1])
        try folder.write("lib/.git/x.so", [1])
        try folder.write("lib/.so", [1])
        try folder.write("lib/notes.txt", [1])
        let found = finder.all()
        #expect(found.map(\.name.text) == ["auth/flat", "auth/ldap", "auth/plain", "limit", "rcpt_to.x"])
        #expect(found.map(\.location.root) == [bundled, bundled, bundled, own, bundled])
        #expect(found.first?.location.packageFolder == bundled + "/auth/flat")
    }

    @Test("plugins four names deep are listed, deeper ones are not")
    func depth() throws {
        try folder.write("lib/a/b/c/d.so", [1])
        try folder.write("lib/a/b/c/e/f.so", [1])
        #expect(finder.all().map(\.name.text) == ["a/b/c/d"])
    }

    @Test("links out of the root and linked folders are not listed")
    func refusedInList() throws {
        let outside = try folder.write("far/x.so", [1])
        try link(bundled + "/x.so", to: outside)
        try link(bundled + "/loop", to: bundled)
        try folder.write("lib/y.so", [1])
        #expect(finder.all().map(\.name.text) == ["y"])
    }
}

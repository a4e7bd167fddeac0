// Layers, names, and files that cannot be read.

import Glibc
import Testing

@testable import HarakaConfig

@Suite("ConfigDirectory")
struct ConfigDirectoryTests {
    private let deep = TemporaryFolder()
    private let near = TemporaryFolder()
    private let user = TemporaryFolder()

    private var layered: ConfigDirectory {
        ConfigDirectory(overrides: user.path, defaults: [deep.path, near.path])
    }

    // MARK: Layers

    @Test("ini files are merged key by key: the administrator's wins, then the nearer default")
    func iniLayers() {
        deep.write("a.ini", "x=1\ny=1\nz=1\n[only]\nk=deep")
        near.write("a.ini", "y=2\nz=2\nl[]=a\nl[]=b\nbare=1")
        user.write("a.ini", "z=3\nl[]=c\nbare\n[s]\nnew=yes")
        #expect(
            layered.get("a.ini").value
                == .map([
                    "main": .map([
                        "x": .integer(1), "y": .integer(2), "z": .integer(3), "l": .list([.string("c")]), "bare": .null,
                    ]),
                    "only": .map(["k": .string("deep")]), "s": .map(["new": .string("yes")]),
                ]))
    }

    @Test("a boolean's default does not win over what a lower layer says")
    func booleanLayers() {
        near.write("a.ini", "[s]\nk=yes\nl=no")
        user.write("a.ini", "[s]\nother=1")
        let value = layered.get("a.ini", booleans: ["-s.k", "+s.l", "+s.m"]).value
        #expect(value["s", "k"] == .bool(true))
        #expect(value["s", "l"] == .bool(false))
        #expect(value["s", "m"] == .bool(true))
    }

    @Test("JSON is merged recursively; null does not erase a map or a list")
    func jsonLayers() {
        near.write("a.json", #"{"m":{"x":1,"y":[1,2],"z":{"k":1}},"n":1,"o":[1],"q":[2]}"#)
        user.write("a.json", #"{"m":{"y":[3],"z":null,"w":2},"n":null,"o":[],"q":null}"#)
        #expect(
            layered.get("a.json").value
                == .map([
                    "m": .map([
                        "x": .integer(1), "y": .list([.integer(3)]), "z": .map(["k": .integer(1)]), "w": .integer(2),
                    ]),
                    "n": .null, "o": .list([.integer(1)]), "q": .list([.integer(2)]),
                ]))
    }

    @Test("a list replaces the one below unless it is empty")
    func listLayers() {
        near.write("hosts", "a\nb")
        user.write("hosts", "# nothing\n")
        #expect(layered.get("hosts", .list).value.texts == ["a", "b"])
        user.write("hosts", "c")
        #expect(layered.get("hosts", .list).value.texts == ["c"])
        #expect(layered.get("hosts", .data).value.texts == ["c"])
    }

    @Test("a value replaces the one below unless it is null")
    func valueLayers() {
        deep.write("v", "1")
        user.write("v", "# nothing")
        #expect(layered.get("v").value == .integer(1))
        user.write("v", "on")
        #expect(layered.get("v").value == .string("on"))
        #expect(layered.get("v", booleans: ["v"]).value == .bool(true))
    }

    @Test(
        "missing files are worth nothing and are no finding",
        arguments: [
            ("x", ConfigType.value, ConfigValue.null), ("x", .list, .list([])), ("x", .data, .list([])),
            ("x", .json, .map([:])), ("x.json", .json, .map([:])), ("x", .yaml, .map([:])), ("x", .hjson, .map([:])),
            ("x", .binary, .null), ("x", .ini, .map(["main": .map(["b": .bool(true)])])),
            ("no/such/folder", .value, .null),
        ])
    func missing(name: String, type: ConfigType, value: ConfigValue) {
        let parsed = layered.get(name, type, booleans: ["+b"])
        #expect(parsed.value == value)
        #expect(parsed.diagnostics.isEmpty)
    }

    @Test("a binary file is its bytes")
    func binary() {
        user.write("key.pem", [0x00, 0xFF, 0x0D, 0x0A])
        #expect(layered.get("key.pem").value == .bytes([0x00, 0xFF, 0x0D, 0x0A]))
    }

    @Test("of a broken file the findings are kept and the layer below counts")
    func brokenLayer() {
        near.write("a.json", #"{"k":1}"#)
        user.write("a.json", "{")
        let parsed = layered.get("a.json")
        #expect(parsed.value == .map(["k": .integer(1)]))
        #expect(parsed.diagnostics.map(\.file) == [user.path + "/a.json"])
    }

    // MARK: Names

    @Test("names in folders and absolute names are read; an absolute name has no layers")
    func names() {
        user.write("auth/flat.timeout", "5")
        #expect(layered.get("auth/flat.timeout").value == .integer(5))
        let file = deep.write("elsewhere.ini", "k=1")
        #expect(layered.get(file).value["main", "k"] == .integer(1))
    }

    @Test(
        "names with .. or NUL, and empty ones, are refused",
        arguments: [
            "../me", "a/../../me", "..", "/etc/../etc/hostname", "me\0.ini", "",
        ])
    func refusedNames(name: String) {
        let parsed = layered.get(name, .value)
        #expect(parsed.value == .null)
        #expect(parsed.diagnostics.count == 1)
        #expect(parsed.diagnostics.first?.severity == .error)
    }

    @Test("dots within a name are only dots")
    func dots() {
        user.write("a..b", "1")
        #expect(layered.get("a..b").value == .integer(1))
    }

    @Test("a js file is an error, not its first line")
    func modules() {
        user.write("a.js", "module.exports = 1\n")
        let parsed = layered.get("a.js")
        #expect(parsed.value == .null)
        #expect(parsed.diagnostics.brief == ["error: js files are not read; use json, yaml or hjson"])
    }

    // MARK: YAML and HJSON

    @Test("yaml, yml and hjson are read by their extension, or by type", arguments: ["a.yaml", "a.YML", "d/a.hjson"])
    func extensions(name: String) {
        user.write(name, "main: {k: 1}\n")
        #expect(layered.get(name).value == .map(["main": .map(["k": .integer(1)])]))
        user.write("plain", "k: [v]")
        #expect(layered.get("plain", .yaml).value == .map(["k": .list([.string("v")])]))
        #expect(
            layered.get("plain", .hjson).diagnostics.brief.first == "1:7: error: expected \"]\". The file is not used")
    }

    @Test("YAML and HJSON are merged recursively", arguments: ["a.yaml", "a.hjson"])
    func mergedLayers(name: String) {
        near.write(name, "{m: {x: 1, y: [1, 2]}, n: 1, o: [1]}")
        user.write(name, "{m: {y: [3], w: 2}, n: null, o: []}")
        #expect(
            layered.get(name).value
                == .map([
                    "m": .map(["x": .integer(1), "y": .list([.integer(3)]), "w": .integer(2)]), "n": .null,
                    "o": .list([.integer(1)]),
                ]))
    }

    @Test("where a JSON or HJSON file is missing the YAML file of its name is read, in each layer for itself")
    func substitutes() {
        near.write("a.json", #"{"x": 1, "y": 1}"#)
        near.write("a.yaml", "z: 1")
        user.write("a.yaml", "y: 2\nyes: yes")
        #expect(
            layered.get("a.json").value
                == .map(["x": .integer(1), "y": .integer(2), "yes": .string("yes")]))
        #expect(layered.get("a.hjson").value["z"] == .integer(1))
        #expect(layered.get("a.yaml").value.map?.keys == ["z", "y", "yes"])
        #expect(layered.get("a", .json).value == .map([:]))
        #expect(layered.get("a.yml").value == .map([:]))
        user.write("a.yaml", "a: *b")
        #expect(layered.get("a.json").diagnostics.map(\.file) == [user.path + "/a.yaml"])
        user.write("a.json", "{")
        #expect(layered.get("a.json").diagnostics.map(\.file) == [user.path + "/a.json"])
    }

    // MARK: Files that cannot be read

    @Test("a folder is one error")
    func folder() {
        user.write("plugins/x", "")
        let parsed = layered.get("plugins", .list)
        #expect(parsed.value == .list([]))
        #expect(parsed.diagnostics.brief == ["error: the file is a folder; expected a file"])
    }

    @Test("a pipe is refused without waiting for a writer")
    func pipe() {
        mkfifo(user.path + "/me", 0o600)
        #expect(layered.get("me").diagnostics.brief == ["error: the file is no ordinary file; expected one"])
    }

    @Test("a file of 16 MiB is read, one byte more is refused")
    func large() {
        user.write("big.bin", [UInt8](repeating: 0x20, count: FileContent.sizeLimit))
        #expect(layered.get("big.bin").diagnostics.isEmpty)
        user.write("big.bin", [UInt8](repeating: 0x20, count: FileContent.sizeLimit + 1))
        let parsed = layered.get("big.bin")
        #expect(parsed.value == .null)
        #expect(parsed.diagnostics.brief == ["error: the file is larger than 16 MiB; expected a configuration file"])
    }

    @Test("a symbolic link that leads in a circle is an error")
    func circle() {
        symlink("me", user.path + "/me")
        #expect(
            layered.get("me").diagnostics.brief == ["error: the file cannot be read: Too many levels of symbolic links"]
        )
    }
}

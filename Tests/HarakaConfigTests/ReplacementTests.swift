// smtp.json and smtp.yaml: entries that stand for whole files.

import Testing

@testable import HarakaConfig

@Suite("entries of smtp.json that stand for files")
struct ReplacementTests {
    private let near = TemporaryFolder()
    private let user = TemporaryFolder()

    private var layered: ConfigDirectory {
        ConfigDirectory(overrides: user.path, defaults: [near.path])
    }

    @Test("!file in smtp.json stands for that file, as the administrator's layer")
    func replacement() {
        near.write("a.ini", "below=1")
        user.write("a.ini", "file=1")
        user.write(
            "smtp.json",
            #"""
            {"!a.ini": {"main": {"k": "yes", "n": 5}}, "!plugins": ["one", "two"], "!me": "mx.example.com",
             "!host_list": "# c\na\nb\n", "!d.json": {"x": [1]}, "plain": 1}
            """#)
        let value = layered.get("a.ini", booleans: ["k", "+m"]).value
        #expect(value["main"] == .map(["below": .integer(1), "k": .bool(true), "n": .integer(5), "m": .bool(true)]))
        #expect(layered.get("plugins", .list).value.texts == ["one", "two"])
        #expect(layered.get("me").value == .string("mx.example.com"))
        #expect(layered.get("host_list", .list).value.texts == ["a", "b"])
        #expect(layered.get("d.json").value == .map(["x": .list([.integer(1)])]))
        #expect(layered.diagnostics.isEmpty)
    }

    @Test("a file that somebody supplies stands for the administrator's, over the defaults and with declared booleans")
    func supplied() {
        let (upper, lower) = (TemporaryFolder(), TemporaryFolder())
        upper.write("a.ini", "x=file\n")
        lower.write("a.ini", "y=default\n")
        let directory = ConfigDirectory(overrides: upper.path, defaults: [lower.path])
        let supplied = directory.supplying("a.ini", .string("x=given\nz=yes\n"), from: "plugin p")
        let read = supplied.get("a.ini", .ini, booleans: ["-main.z", "+main.on"])
        #expect(read.value.map?["main"]?.map?["x"] == .string("given"))
        #expect(read.value.map?["main"]?.map?["y"] == .string("default"))
        #expect(read.value.map?["main"]?.map?["z"] == .bool(true))
        #expect(read.value.map?["main"]?.map?["on"] == .bool(true))
        let wrong = directory.supplying("a.ini", .list([]), from: "plugin p").get("a.ini", .ini)
        #expect(wrong.diagnostics.map(\.file) == ["plugin p"])
        #expect(
            directory.supplying("b", .string("v"), from: "p").get("a.ini", .ini).value.map?["main"]?.map?["x"]
                == .string("file"))
    }

    @Test("a !file of the wrong form is an error that names it")
    func wrongReplacement() {
        user.write("smtp.json", #"{"!a.ini": [1], "!plugins": {"a": 1}, "!me": [1]}"#)
        #expect(
            layered.get("a.ini").diagnostics.brief == [
                "error: expected a map of sections at \"!a.ini\"; it is not used"
            ])
        #expect(layered.get("a.ini").value == .map(["main": .map([:])]))
        #expect(
            layered.get("plugins", .list).diagnostics.brief == [
                "error: expected a list at \"!plugins\"; it is not used"
            ])
        #expect(layered.get("me").diagnostics.brief == ["error: expected a text at \"!me\"; it is not used"])
    }

    @Test("a broken smtp.json is the directory's finding, and replaces nothing")
    func brokenReplacements() {
        user.write("smtp.json", "{")
        user.write("me", "mx")
        #expect(layered.diagnostics.map(\.line) == [1])
        #expect(layered.get("me").value == .string("mx"))
    }

    @Test("smtp.yaml holds such entries where there is no smtp.json")
    func replacementsInYAML() {
        user.write("a.ini", "file=1")
        user.write(
            "smtp.yaml",
            """
            "!a.ini":
              main: {k: "yes"}
            "!me": mx.example.com
            "!host_list": |
              # comment
              a
            "!b.yaml": "a: 1"
            "!c.hjson": [1]
            "!plugins": {a: 1}
            """)
        #expect(layered.get("a.ini", booleans: ["k"]).value == .map(["main": .map(["k": .bool(true)])]))
        #expect(layered.get("me").value == .string("mx.example.com"))
        #expect(layered.get("host_list", .list).value.texts == ["a"])
        #expect(layered.get("b.yaml").value == .string("a: 1"))
        #expect(layered.get("c.hjson").value == .list([.integer(1)]))
        #expect(layered.get("plugins", .list).diagnostics.map(\.file) == [user.path + "/smtp.yaml"])
        #expect(layered.diagnostics.isEmpty)
        user.write("smtp.json", "{}")
        #expect(layered.get("a.ini").value == .map(["main": .map(["file": .integer(1)])]))
    }

    @Test("a broken smtp.json does not bring smtp.yaml into play")
    func brokenReplacementsAndYAML() {
        user.write("smtp.json", "{")
        user.write("smtp.yaml", "\"!me\": mx")
        #expect(layered.get("me").value == .null)
        #expect(layered.diagnostics.map(\.file) == [user.path + "/smtp.json"])
    }
}

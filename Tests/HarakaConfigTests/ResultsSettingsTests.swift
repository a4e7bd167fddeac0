// results.ini key by key.

import Testing

@testable import HarakaConfig

@Suite("ResultsSettings")
struct ResultsSettingsTests {
    private func read(_ text: String) -> (settings: ResultsSettings, findings: [String]) {
        let folder = TemporaryFolder()
        folder.write("results.ini", text)
        let (settings, diagnostics) = ResultsSettings.read(from: folder.directory)
        return (settings, diagnostics.brief)
    }

    @Test("each plugin has its own section; names are parted by commas, semicolons and blanks")
    func sections() {
        let (settings, findings) = read("[fcrdns]\norder=fail, pass;msg\nhide=a b\n[queue/x]\ndebug=true\n")
        var first = ResultsSettings.Shown()
        first.order = ["fail", "pass", "msg"]
        first.hide = ["a", "b"]
        var second = ResultsSettings.Shown()
        second.debug = true
        #expect(settings.plugins == ["fcrdns": first, "queue/x": second])
        #expect(findings == [])
    }

    @Test("a key that is not known is named, and redis_publish is said to be without effect")
    func findings() {
        let (settings, findings) = read("redis_publish=true\n[a]\nordr=pass\n")
        #expect(settings.plugins == ["a": ResultsSettings.Shown()])
        #expect(findings.count == 2)
        #expect(findings.contains { $0.contains("redis_publish has no effect yet") })
        #expect(findings.contains { $0.contains("ordr") && $0.contains("order") })
    }

    @Test("without the file nothing is set")
    func none() { #expect(ResultsSettings.read(from: TemporaryFolder().directory).settings == ResultsSettings()) }
}

// What `plugin check` prints.

import HarakaConfig

enum CheckReport {
    static func text(_ checked: Checked, json: Bool) -> String {
        json ? value(checked).json(pretty: true) : lines(checked).joined(separator: "\n")
    }

    // MARK: for people

    private static func lines(_ checked: Checked) -> [String] {
        let note = checked.file.note
        let version = note?.version.map { " \($0)" } ?? ""
        var advised: Set<String> = []
        return ["\(note?.name ?? checked.file.name)\(version) (\(checked.file.path))"]
            + checked.outcomes.flatMap { lines($0, &advised) } + [verdict(checked)]
    }

    /// One line, and for what is not in order the reasons and what to do. `advised` holds what was said already.
    private static func lines(_ outcome: Outcome, _ advised: inout Set<String>) -> [String] {
        let word = outcome.status == .passed ? "ok" : outcome.status == .failed ? "FAILED" : outcome.status.name
        let head = "\(PluginInfo.pad(word, 8)) \(PluginInfo.pad(outcome.test.id, 22)) "
        let findings = outcome.findings.filter { $0.status == outcome.status }
        guard let first = findings.first else { return [head + outcome.test.what] }
        let margin = String(repeating: " ", count: 9)
        var lines: [String] = []
        for finding in outcome.status > .skipped ? findings : [first] {
            lines.append(lines.isEmpty ? head + finding.text : margin + finding.text)
            // What was said once need not be said again.
            guard !finding.advice.isEmpty, advised.insert(finding.advice).inserted else { continue }
            lines.append(margin + "-> " + finding.advice)
        }
        return lines
    }

    /// The last line, for people who read no others.
    private static func verdict(_ checked: Checked) -> String {
        let others = [TestStatus.passed, .warning, .skipped].map { ($0, checked.count($0)) }.filter { $0.1 > 0 }
            .map { $0.0 == .warning ? "\($0.1) with warnings" : "\($0.1) \($0.0.name)" }.joined(separator: ", ")
        guard !checked.isFit else { return "fit to ship: \(others)" }
        let failures = checked.count(.failed)
        let text = "not fit to ship: \(failures) failure\(failures == 1 ? "" : "s")"
        return others.isEmpty ? text : "\(text), \(others)"
    }

    // MARK: for programs

    private static func value(_ checked: Checked) -> ConfigValue {
        let note = checked.file.note
        return .map([
            "file": .string(checked.file.path),
            "name": .string(note?.name ?? checked.file.name),
            "version": note?.version.map(ConfigValue.string) ?? .null,
            "fit": .bool(checked.isFit),
            "passed": .integer(Int64(checked.count(.passed))),
            "warnings": .integer(Int64(checked.count(.warning))),
            "failed": .integer(Int64(checked.count(.failed))),
            "skipped": .integer(Int64(checked.count(.skipped))),
            "tests": .list(checked.outcomes.map(value)),
        ])
    }

    private static func value(_ outcome: Outcome) -> ConfigValue {
        let findings = outcome.findings.map { finding in
            ConfigValue.map([
                "status": .string(finding.status.name), "text": .string(finding.text),
                "advice": .string(finding.advice),
            ])
        }
        return .map([
            "group": .string(outcome.test.group.rawValue), "name": .string(outcome.test.name),
            "what": .string(outcome.test.what), "status": .string(outcome.status.name),
            "seconds": .double((outcome.seconds * 1000).rounded() / 1000), "findings": .list(findings),
        ])
    }

    /// `--list`.
    static func catalogue(_ tests: [PluginTest], json: Bool) -> String {
        guard json else {
            return tests.map { "\(PluginInfo.pad($0.id, 24)) \($0.what)" }.joined(separator: "\n")
        }
        return ConfigValue.list(
            tests.map { test in
                .map([
                    "group": .string(test.group.rawValue), "name": .string(test.name), "what": .string(test.what),
                ])
            }
        ).json(pretty: true)
    }
}

// What other plugins read, under Haraka's names.
import HarakaPluginKit

/// Before anything is known: whoever reads a key finds it.
func recordNothing(_ results: Results) {
    for key in ["fcrdns", "other_ips", "ptr_names", "invalid_tlds"] { results.set(key, .list([])) }
    for key in ["has_rdns", "ptr_name_has_ips", "ip_in_rdns", "generic_rdns"] { results.set(key, .boolean(false)) }
    results.set("ptr_name_to_ip", .map([Value.Entry]()))
}

extension Findings {
    /// Everything, and a word for each check.
    func record(_ results: Results) {
        recordFacts(results)
        switch failure {
        case nil: break
        case .timeout: results.error("rDNS lookup timeout")
        case .error(let code): results.error("rDNS lookup error (\(code))")
        }
        // Not known is not the same as not there.
        if names.isEmpty, failure != nil { return }
        say(results, "has_rdns", !names.isEmpty)
        guard !names.isEmpty else { return }
        if invalid.isEmpty { results.pass("valid_tld") }
        for name in invalid { results.fail("valid_tld(\(name))") }
        if failure == nil || hasAddresses { say(results, "ptr_valid", hasAddresses) }
        if failure == nil { say(results, "fcrdns", !confirmed.isEmpty) }
        say(results, "is_generic_rdns", generic.isEmpty)
    }

    private func recordFacts(_ results: Results) {
        results.set("has_rdns", .boolean(!names.isEmpty))
        for (key, texts) in [
            ("ptr_names", names), ("fcrdns", confirmed), ("other_ips", others), ("invalid_tlds", invalid),
        ] {
            results.set(key, .list(texts.map { .text($0) }))
        }
        results.set("ptr_name_has_ips", .boolean(hasAddresses))
        results.set(
            "ptr_name_to_ip",
            .map(zip(names, addresses).map { Value.Entry($0, .list($1.map { .text($0) })) }))
        results.set("ip_in_rdns", .boolean(!showing.isEmpty))
        results.set("generic_rdns", .boolean(!generic.isEmpty))
    }

    private var hasAddresses: Bool { addresses.contains { !$0.isEmpty } }
}

private func say(_ results: Results, _ check: String, _ isGood: Bool) {
    if isGood { results.pass(check) } else { results.fail(check) }
}

// The host's descriptors in the hands of plugins.

import Testing

@Suite(.timeLimit(.minutes(2))) struct DescriptorTests {
    @Test(
        "closing is refused where it must be, and nowhere else",
        arguments: [
            "protected_ones",  // and what a plugin has opened itself
            "host_closes",  // also when a plugin has called it back
            "several_refused",  // are counted, and the first one is told
            "ranges",
            "forked",  // children may close what they have inherited
            "clients",  // connections that a protected listener has accepted
            "in_job",
        ])
    func closing(name: String) throws {
        let ended = try FaultProgram.run(name)
        #expect(ended.errors == "")
        #expect(ended.exitStatus == 0)
    }
}

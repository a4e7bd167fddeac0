// A shutdown that waits for what is under way.
import HarakaPluginABI
import HarakaPluginKit
import Testing

@Suite("jobs under way")
struct JobsTests {
    @Test("without a job under way the shutdown is done at once")
    func idle() {
        var call = haraka_call()
        let jobs = Jobs()
        do { _ = jobs.begin() }
        #expect(jobs.shutDown(&call) == HARAKA_SUCCESS)
    }

    @Test("with jobs under way the shutdown is pending")
    func busy() {
        var call = haraka_call()
        let jobs = Jobs()
        let job = jobs.begin()
        // Not let go: there is no host here that could be told.
        _ = Unmanaged.passRetained(job)
        #expect(jobs.shutDown(&call) == HARAKA_PENDING)
    }
}

// Thousands of mails, failures, crashes and an administrator: nobody gets a mail twice, and nobody is forgotten.

import HarakaQueue
import Testing

@Suite("queue machine: lives")
struct SimulationTests {
    @Test("a long life with crashes keeps all its promises", arguments: [1, 3] as [UInt64])
    func long(_ seed: UInt64) {
        let problems = Simulation(seed: seed).run(events: 2500, mails: 1000)
        #expect(problems == [])
    }

    @Test("two hundred short lives do")
    func short() {
        for seed in 1000..<1200 as Range<UInt64> {
            let problems = Simulation(seed: seed).run(events: 60, mails: 25)
            #expect(problems == [], "seed \(seed)")
        }
    }
}

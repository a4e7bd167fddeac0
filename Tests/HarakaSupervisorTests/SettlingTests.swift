// Changed files, taken when they have settled.

import HarakaSupervisor
import Testing

@Suite("Settling")
struct SettlingTests {
    @Test("nothing is due before something has changed")
    func nothing() {
        var settling = Settling(quiet: 2)
        #expect(settling.dueAt == nil)
        #expect(settling.take(at: 1_000_000) == nil)
    }

    @Test("names are taken after the quiet time, sorted, each once, and not twice")
    func quiet() {
        var settling = Settling(quiet: 2)
        settling.changed("b.so", at: 10)
        settling.changed("a.so", at: 11)
        settling.changed("b.so", at: 11.5)
        #expect(settling.dueAt == 13.5)
        #expect(settling.take(at: 13.4) == nil)
        #expect(settling.take(at: 13.5) == ["a.so", "b.so"])
        #expect(settling.dueAt == nil)
        #expect(settling.take(at: 20) == nil)
    }

    @Test("a file that changes all the time is taken ten quiet times after its first change")
    func patience() {
        var settling = Settling(quiet: 2)
        for second in 0..<20 { settling.changed("busy.so", at: 100 + Double(second)) }
        #expect(settling.dueAt == 120)
        #expect(settling.take(at: 119.9) == nil)
        #expect(settling.take(at: 120) == ["busy.so"])
        // What comes then begins anew.
        settling.changed("busy.so", at: 121)
        #expect(settling.dueAt == 123)
    }

    @Test("a change reported late does not bring the time forward")
    func lateReport() {
        var settling = Settling(quiet: 2)
        settling.changed("a", at: 10)
        settling.changed("b", at: 9)
        #expect(settling.dueAt == 12)
    }
}

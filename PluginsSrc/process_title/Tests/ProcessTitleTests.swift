// What the title says.
import HarakaPluginKit
import Testing

@testable import ProcessTitle

@Suite("Process title")
struct ProcessTitleTests {
    @Test(
        "at most two digits stand behind the point",
        arguments: [
            (0, "0"), (1, "1"), (25.244, "25.24"), (25.246, "25.25"), (66.4, "66.4"), (0.05, "0.05"), (1.999, "2"),
            (-1, "0"), (.nan, "0"), (.infinity, "1000000000000"),
        ] as [(Double, String)])
    func numbers(number: Double, text: String) {
        #expect(twoDigits(number) == text)
    }

    @Test("the figures stand in Haraka's order")
    func title() {
        var figures = Figures(since: 1000)
        figures.add(News(connections: 4, disconnections: 1, recipients: 9, messages: 5))
        figures.add(News(connections: 2, disconnections: 3, recipients: 1, messages: 0))
        #expect(
            figures.title("worker", now: 5000)
                == "Haraka (worker) cn=6 cc=2 cps=2/1.5/4 rcpts=10/2 rps=1/2.5/9 msgs=5/0.83 mps=0/1.25/5")
    }

    @Test("a process that has just begun has a title")
    func first() {
        #expect(
            Figures(since: 7).title("master", now: 7)
                == "Haraka (master) cn=0 cc=0 cps=0/0/0 rcpts=0/0 rps=0/0/0 msgs=0/0 mps=0/0/0")
    }

    @Test("a second is quiet if nobody came and nothing was begun")
    func quiet() {
        var figures = Figures()
        #expect(figures.isQuiet)
        for news in [News(connections: 1), News(recipients: 1), News(messages: 1)] {
            figures.add(news)
            #expect(!figures.isQuiet)
        }
        figures.add(News(disconnections: 1))
        #expect(figures.isQuiet)
        #expect(figures.open == 0)
    }
}

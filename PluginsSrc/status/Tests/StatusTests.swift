// What is asked, and what is known.
import Testing

@testable import ConnectionStatus

@Suite("STATUS")
struct StatusTests {
    @Test(
        "two words say what is asked, in any case",
        arguments: [
            ("POOL LIST", .poolList), ("pool  list", .poolList), ("CONNECTION STATS", .connectionStats),
            ("QUEUE STATS", .queue), ("QUEUE LIST", .queue), ("QUEUE INSPECT", .queue),
            ("queue discard ../../x", .queue),
            ("QUEUE PUSH x", .queue), ("", .unknown), ("POOL", .unknown), ("QUEUE", .unknown),
            ("QUEUE FLUSH", .unknown),
            ("POOLLIST", .unknown), ("LIST POOL", .unknown),
        ] as [(String, Request)])
    func requests(rest: String, request: Request) {
        #expect(Request(rest) == request)
    }

    @Test("a connection is open until the end of what was kept with it")
    func figures() {
        let figures = Figures(since: 5)
        var guests = [Guest(of: figures), Guest(of: figures)]
        #expect(figures.json(process: 7) == #"{"process":7,"since":5,"open":2,"total":2}"#)
        guests.removeLast()
        #expect(figures.json(process: 7) == #"{"process":7,"since":5,"open":1,"total":2}"#)
        guests = []
        #expect(figures.open == 0)
    }
}

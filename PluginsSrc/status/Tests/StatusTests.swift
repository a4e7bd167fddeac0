// What is asked, and what is known.
import HarakaPluginKit
import Testing

@testable import ConnectionStatus

@Suite("STATUS")
struct StatusTests {
    @Test(
        "two words say what is asked, in any case",
        arguments: [
            ("POOL LIST", .poolList), ("pool  list", .poolList), ("CONNECTION STATS", .connectionStats),
            ("QUEUE STATS", .queue(.stats)), ("QUEUE LIST", .queue(.list)), ("queue inspect", .queue(.inspect)),
            ("queue discard ../../Xy", .queue(.discard("../../Xy"))), ("QUEUE DISCARD", .unknown),
            ("QUEUE PUSH x", .queue(.push("x"))), ("QUEUE PUSH ", .unknown), ("", .unknown), ("POOL", .unknown),
            ("QUEUE", .unknown),
            ("QUEUE FLUSH", .unknown),
            ("POOLLIST", .unknown), ("LIST POOL", .unknown),
        ] as [(String, Request)])
    func requests(rest: String, request: Request) {
        #expect(Request(rest) == request)
    }

    @Test("the queue's answers are Haraka's JSON")
    func queue() {
        var stats = QueueStats()
        (stats.inProgress, stats.waiting, stats.deferred, stats.held) = (1, 2, 3, 4)
        #expect(json(stats) == #""1/2/3""#)
        var row = QueueRow()
        (row.file, row.uuid, row.queueTime, row.domain, row.from) = ("F", "F.1", 7, "x", "a\"\\\n\u{7F}é@b")
        (row.to, row.state, row.nextAttempt) = (["c@x", "d@x"], "deferred", 9)
        let from = #"a\"\\\u000a\u007fé@b"#
        #expect(
            listed(row)
                == #"{"file":"F","uuid":"F.1","queue_time":7,"domain":"x","from":"\#(from)","to":["c@x","d@x"]}"#)
        var active = row
        (active.file, active.state) = ("G", "active")
        #expect(
            inspected([row, active])
                == #"{"delivery_queue":[{"id":"G"}],"temp_fail_queue":[{"id":"F","fire_time":9}]}"#)
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

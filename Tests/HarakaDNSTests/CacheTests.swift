// What is remembered, for how long, and how much of it.

import HarakaCore
import NIOCore
import Testing

@testable import HarakaDNS

@Suite("Answer cache")
struct CacheTests {
    private let begin = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func found(_ name: String, ttl: UInt32 = 60, bytes: Int = 4) -> Finding {
        var answer = NameAnswer(NameQuestion(name, 1), .found)
        answer.ttl = ttl
        answer.records = [NameRecord(type: 1, ttl: ttl, text: "", data: [UInt8](repeating: 0, count: bytes))]
        return Finding(answer)
    }

    private func find(_ cache: inout AnswerCache, _ name: String, after seconds: Int64 = 0) -> NameAnswer? {
        cache.find(NameQuestion(name, 1), now: begin + .seconds(seconds))?.answer
    }

    @Test("an answer holds for its time, which gets shorter, and is gone when it is over")
    func time() {
        var cache = AnswerCache(entries: 10, bytes: 100_000)
        _ = cache.keep(found("a", ttl: 60), now: begin)
        #expect(find(&cache, "a")?.ttl == 60)
        #expect(find(&cache, "a", after: 20)?.ttl == 40)
        #expect(find(&cache, "a", after: 59)?.ttl == 1)
        #expect(find(&cache, "a", after: 60) == nil)
        #expect(cache.count == 0)
    }

    @Test(
        "times are between a second and a day, those of failures five seconds",
        arguments: [
            (0, NameAnswer.Status.found, 1), (1, .found, 1), (86_400, .found, 86_400), (4_000_000_000, .found, 86_400),
            (0, .noName, 1), (900, .noName, 900), (900, .failed, 5), (0, .failed, 5), (0, .timedOut, 5),
        ] as [(UInt32, NameAnswer.Status, UInt32)])
    func limits(_ ttl: UInt32, _ status: NameAnswer.Status, _ expected: UInt32) {
        var cache = AnswerCache(entries: 10, bytes: 100_000)
        var finding = found("a", ttl: ttl)
        finding.answer.status = status
        #expect(cache.keep(finding, now: begin).answer.ttl == expected)
        #expect(find(&cache, "a")?.ttl == expected)
    }

    @Test("there are never more entries than allowed, and what is asked for again stays")
    func entries() {
        var cache = AnswerCache(entries: 100, bytes: 10_000_000)
        _ = cache.keep(found("often"), now: begin)
        for number in 0..<1000 {
            _ = cache.keep(found("n\(number)"), now: begin)
            #expect(find(&cache, "often") != nil)
            #expect(cache.count <= 100)
        }
        #expect(find(&cache, "n999") != nil)
        #expect(find(&cache, "n1") == nil)
    }

    @Test("there are never more bytes than allowed, and one answer that is too large is not kept")
    func bytes() {
        var cache = AnswerCache(entries: 1000, bytes: 20_000)
        for number in 0..<50 { _ = cache.keep(found("n\(number)", bytes: 3000), now: begin) }
        #expect((2...6).contains(cache.count))
        _ = cache.keep(found("large", bytes: 11_000), now: begin)
        #expect(find(&cache, "large") == nil)
    }

    @Test("a newer answer takes the place of an older one")
    func newer() {
        var cache = AnswerCache(entries: 10, bytes: 100_000)
        _ = cache.keep(found("a", bytes: 4), now: begin)
        _ = cache.keep(found("a", bytes: 5), now: begin)
        #expect(find(&cache, "a")?.records.first?.data.count == 5)
        #expect(cache.count == 1)
    }

    @Test("a type is not another type")
    func types() {
        var cache = AnswerCache(entries: 10, bytes: 100_000)
        _ = cache.keep(found("a"), now: begin)
        #expect(cache.find(NameQuestion("a", 28), now: begin) == nil)
    }

    @Test("without entries nothing is kept")
    func none() {
        var cache = AnswerCache(entries: 0, bytes: 0)
        #expect(cache.keep(found("a"), now: begin).answer.ttl == 60)
        #expect(find(&cache, "a") == nil)
    }

    @Test("who insists gets no answer from one with wrong signatures")
    func strict() {
        let finding = Finding(found("a").answer, fault: "no signatures")
        #expect(finding.answer(strict: false).status == .found)
        #expect(finding.answer(strict: true).status == .bogus)
        #expect(finding.answer(strict: true).reason == "no signatures")
        #expect(finding.answer(strict: true).records.isEmpty)
        #expect(Finding(found("a").answer).answer(strict: true).status == .found)
    }
}

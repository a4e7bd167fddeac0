// Batches of a graceful restart.

import HarakaSupervisor
import Testing

@Suite("ReplacementPlan")
struct ReplacementPlanTests {
    /// Every batch, each finished in reverse order.
    private func batches(_ members: [Int]) -> [[Int]] {
        var plan = ReplacementPlan(members)
        var batches: [[Int]] = []
        while let batch = plan.nextBatch() {
            batches.append(batch)
            for member in batch.reversed() { plan.finished(member) }
        }
        return plan.isDone ? batches : []
    }

    @Test(
        "batches are all but one, at least one, in order",
        arguments: [
            ([], []), ([7], [[7]]), ([7, 5], [[7], [5]]), ([1, 2, 3], [[1, 2], [3]]),
            ([4, 3, 2, 1], [[4, 3, 2], [1]]), ([1, 1, 2], [[1], [2]]),
        ] as [([Int], [[Int]])])
    func table(members: [Int], expected: [[Int]]) {
        #expect(batches(members) == expected)
    }

    @Test("the next batch waits until the one before is finished, all of it")
    func waits() {
        var plan = ReplacementPlan([1, 2, 3])
        #expect(!plan.isDone)
        #expect(plan.nextBatch() == [1, 2])
        #expect(plan.nextBatch() == nil)
        plan.finished(2)
        plan.finished(3)
        #expect(plan.nextBatch() == nil)
        plan.finished(1)
        #expect(!plan.isDone)
        #expect(plan.nextBatch() == [3])
        #expect(!plan.isDone)
        plan.finished(1)
        #expect(!plan.isDone)
        plan.finished(3)
        #expect(plan.isDone)
        #expect(plan.nextBatch() == nil)
    }

    @Test("a plan for nobody is done at once")
    func nobody() {
        #expect(ReplacementPlan<Int>([]).isDone)
    }
}

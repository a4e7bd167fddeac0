// A message or a part, read from the front: straight from where it is kept, or converted piece by piece. plugin.h
// `stream_read`.

import HarakaCore
import Synchronization

/// One step of a conversion. Bounded: it holds back no more than a piece of its own.
protocol StreamStep {
    mutating func convert(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8])
    /// The input has ended.
    mutating func finish(into output: inout [UInt8])
}

/// Reads a range of a view. Any thread; whoever reads while another thread does waits for it.
final class MessageStream: @unchecked Sendable {
    /// Read at a time where something is converted.
    private static let piece = 32 * 1024

    private let view: any MessageView
    private let lock = Mutex(())
    // Under the lock.
    private var offset: Int
    private let end: Int
    private var steps: [any StreamStep]
    /// What was converted and not yet read, from `taken` on.
    private var ready: [UInt8] = []
    private var taken = 0
    private var hasFinished = false

    /// - Parameters:
    ///   - range: in the view; what is beyond its end is ignored
    ///   - steps: none: as it stands, and without a copy
    init(_ view: any MessageView, _ range: Range<Int>, steps: [any StreamStep] = []) {
        self.view = view
        offset = range.lowerBound
        end = min(range.upperBound, view.size)
        self.steps = steps
    }

    /// Fills `buffer` as far as there is something; 0: the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try lock.withLock { _ in
            guard !steps.isEmpty else { return try readPlain(into: buffer) }
            var done = 0
            while done < buffer.count, try !ready.isEmpty || convertMore() {
                done += take(UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
            }
            return done
        }
    }

    private func readPlain(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(max(0, end - offset)))
        let count = try view.read(at: offset, into: room)
        offset += count
        return count
    }

    private func take(_ room: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(room.count, ready.count - taken)
        ready.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[taken..<(taken + count)])) }
        taken += count
        if taken == ready.count {
            ready.removeAll(keepingCapacity: true)
            taken = 0
        }
        return count
    }

    /// Converts until something is ready. False: all of it was.
    private func convertMore() throws -> Bool {
        while ready.isEmpty, !hasFinished {
            let count = min(MessageStream.piece, max(0, end - offset))
            try withUnsafeTemporaryAllocation(byteCount: max(1, count), alignment: 16) { scratch in
                let count = count == 0 ? 0 : try view.read(at: offset, into: scratch)
                offset += count
                hasFinished = count == 0
                push(UnsafeRawBufferPointer(rebasing: scratch[..<count]))
            }
        }
        return !ready.isEmpty
    }

    /// Through all steps. With `hasFinished` each says what it has held back, and the next one gets that, too.
    private func push(_ bytes: UnsafeRawBufferPointer) {
        var input: [UInt8] = []
        for index in steps.indices {
            var output: [UInt8] = []
            if index == 0 {
                swap(&output, &ready)
                steps[index].convert(bytes, into: &output)
            } else {
                input.withUnsafeBytes { steps[index].convert($0, into: &output) }
            }
            if hasFinished { steps[index].finish(into: &output) }
            input = output
        }
        ready = input
    }
}

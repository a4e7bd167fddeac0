// Memory for what is lent to a plugin during one call: strings, lists, arguments.

import Glibc

/// A bump allocator. What it hands out lives until `reset(to:)` an earlier mark; chunks never move, so pointers stay good.
///
/// One per worker, on the loop: a call of a plugin marks, lends, and resets when it returns ("lifetime: call").
struct Arena: ~Copyable {
    struct Mark {
        fileprivate var chunk: Int
        fileprivate var used: Int
    }

    private static let chunkSize = 16 * 1024
    private var chunks: [UnsafeMutableRawBufferPointer] = []
    private var current = 0
    private var used = 0

    init() { chunks.append(.allocate(byteCount: Arena.chunkSize, alignment: 16)) }

    deinit { for chunk in chunks { chunk.deallocate() } }

    var mark: Mark { Mark(chunk: current, used: used) }

    /// Gives back all that was allocated since `mark`. Big chunks that one call needed are freed.
    mutating func reset(to mark: Mark) {
        if chunks.count > mark.chunk + 1 {
            for chunk in chunks[(mark.chunk + 1)...] { chunk.deallocate() }
            chunks.removeSubrange((mark.chunk + 1)...)
        }
        current = mark.chunk
        used = mark.used
    }

    /// `count` bytes, aligned to 16, not initialised.
    mutating func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        let start = (used + 15) & ~15
        if start + count <= chunks[current].count {
            used = start + count
            // The base of an allocated chunk is never nil.
            return chunks[current].baseAddress! + start
        }
        chunks.append(.allocate(byteCount: max(Arena.chunkSize, count), alignment: 16))
        current = chunks.count - 1
        used = count
        return chunks[current].baseAddress!
    }

    /// Room for `count` values of a C type.
    mutating func allocate<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
        allocate(MemoryLayout<T>.stride * count).bindMemory(to: T.self, capacity: count)
    }
}

// Other programs.
import CHarakaPluginKit

/// A program that runs, without a shell. Everything here waits: for work that was offloaded. Any thread, one at a time.
///
///     let program = try Program("/var/qmail/bin/qmail-queue", inputs: 2, milliseconds: 60_000)
///     try program.feed(0, bytes)
///     program.close(0)
///     try program.feed(1, envelope)
///     let status = try program.wait()
///
/// Whoever drops it without waiting kills it.
public final class Program {
    private var inputs: [Int32] = []
    private var process: Int64 = 0
    private let deadline: Int64

    /// Starts it. Its descriptors 0 to `inputs` - 1 are pipes that ``feed(_:_:)`` fills, the others up to 2 are the server's,
    /// and it has no more than these. After `milliseconds` every call throws, and the program is killed.
    public init(
        _ path: String, _ arguments: [String] = [], inputs count: Int = 1, milliseconds: Int64
    ) throws(PluginError) {
        deadline = haraka_kit_monotonic() &+ milliseconds &* 1000
        var theirs: [Int32] = []
        defer { for descriptor in theirs { _ = haraka_kit_close(descriptor) } }
        for _ in 0..<count {
            var (reading, writing): (Int32, Int32) = (-1, -1)
            try check(haraka_kit_pipe(&reading, &writing), "pipe for \(path)")
            theirs.append(reading)
            inputs.append(writing)
        }
        process = Program.start(path, [path] + arguments, theirs)
        try check(Int32(truncatingIfNeeded: min(process, 0)), "starting \(path)")
    }

    deinit {
        for index in inputs.indices { close(index) }
        // Its time is over at once, so that nothing is left behind.
        if process > 0 { _ = haraka_kit_wait(process, 0) }
    }

    /// Writes all bytes to one of its inputs.
    public func feed(_ input: Int, _ bytes: UnsafeRawBufferPointer) throws(PluginError) {
        guard inputs.indices.contains(input), inputs[input] >= 0 else { throw PluginError("no input \(input)") }
        try check(haraka_kit_feed(inputs[input], bytes.baseAddress, bytes.count, deadline), "feeding a program")
    }

    public func feed(_ input: Int, _ bytes: [UInt8]) throws(PluginError) {
        // withUnsafeBytes carries any error in ordinary Swift only, so the outcome goes round it.
        let outcome = bytes.withUnsafeBytes { bytes -> Result<Void, PluginError> in
            do throws(PluginError) { return .success(try feed(input, bytes)) } catch { return .failure(error) }
        }
        try outcome.get()
    }

    /// The program reads the end of this input.
    public func close(_ input: Int) {
        guard inputs.indices.contains(input), inputs[input] >= 0 else { return }
        _ = haraka_kit_close(inputs[input])
        inputs[input] = -1
    }

    /// Closes all inputs and waits for the end: 0 to 255 its exit status, 256 and more the signal that ended it.
    public func wait() throws(PluginError) -> Int32 {
        for index in inputs.indices { close(index) }
        guard process > 0 else { throw PluginError("a program that was waited for") }
        let ended = haraka_kit_wait(process, deadline)
        process = 0
        try check(ended, "waiting for a program")
        return ended
    }

    /// The C strings live in one block of memory until the program has its own copy.
    private static func start(_ path: String, _ arguments: [String], _ descriptors: [Int32]) -> Int64 {
        var block: [CChar] = []
        var offsets: [Int] = []
        for argument in arguments {
            offsets.append(block.count)
            block.append(contentsOf: argument.utf8.map { CChar(bitPattern: $0) })
            block.append(0)
        }
        return block.withUnsafeBufferPointer { block in
            let list: [UnsafePointer<CChar>?] = offsets.map { offset in block.baseAddress.map { $0 + offset } } + [nil]
            return path.withCString { path in
                list.withUnsafeBufferPointer { list in
                    guard let list = list.baseAddress else { return -22 }
                    return descriptors.withUnsafeBufferPointer {
                        haraka_kit_start(path, list, $0.baseAddress, $0.count)
                    }
                }
            }
        }
    }
}

private func check(_ status: Int32, _ what: @autoclosure () -> String) throws(PluginError) {
    guard status < 0 else { return }
    throw PluginError("\(what()): \(String(cString: haraka_kit_error_text(status)))", status: status)
}

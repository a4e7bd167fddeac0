// Network line ends to Unix line ends.

/// Turns CR LF into LF, piece by piece; any other CR stays. A CR at the end of a piece waits for the next one.
public struct LineEnds: Sendable {
    private var waitsWithCR = false
    private var output: [UInt8] = []

    public init() {}

    /// Lends the converted piece; it has at most one byte more than `piece`.
    public mutating func convert(
        _ piece: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(PluginError) -> Void
    ) throws(PluginError) {
        output.removeAll(keepingCapacity: true)
        output.reserveCapacity(piece.count + 1)
        for byte in piece {
            if waitsWithCR {
                if byte != 0x0A { output.append(0x0D) }
                waitsWithCR = false
            }
            if byte == 0x0D { waitsWithCR = true } else { output.append(byte) }
        }
        try lendOutput(body)
    }

    /// A CR that was the last byte of all.
    public mutating func finish(_ body: (UnsafeRawBufferPointer) throws(PluginError) -> Void) throws(PluginError) {
        guard waitsWithCR else { return }
        waitsWithCR = false
        output = [0x0D]
        try lendOutput(body)
    }

    private func lendOutput(_ body: (UnsafeRawBufferPointer) throws(PluginError) -> Void) throws(PluginError) {
        // withUnsafeBytes carries any error in ordinary Swift only, so the outcome goes round it.
        let outcome = output.withUnsafeBytes { bytes -> Result<Void, PluginError> in
            do throws(PluginError) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        try outcome.get()
    }
}

extension Message {
    /// Writes the whole message with Unix line ends.
    public func write(to file: borrowing File) throws(PluginError) {
        let sink = Sink(descriptor: file.descriptor)
        try forEachChunk { piece throws(PluginError) in try sink.take(piece) }
        try sink.finish()
    }
}

/// A closure cannot capture the borrowed file, so the descriptor goes in here; the file outlives the call.
private final class Sink {
    private let descriptor: Int32
    private var lines = LineEnds()

    init(descriptor: Int32) { self.descriptor = descriptor }

    func take(_ piece: UnsafeRawBufferPointer) throws(PluginError) {
        let descriptor = descriptor
        try lines.convert(piece) { bytes throws(PluginError) in try writeAll(bytes, to: descriptor) }
    }

    func finish() throws(PluginError) {
        let descriptor = descriptor
        try lines.finish { bytes throws(PluginError) in try writeAll(bytes, to: descriptor) }
    }
}

// Bytes that can be read at any place: archives have their directories at the end.
import CArchive
import HarakaPluginKit

/// Content that is written once and then read: in memory while it is small, else in a file without a name, which goes
/// with this object. One thread at a time.
final class Blob {
    /// Bytes that are kept in memory.
    static let inMemory = 1 << 20

    private(set) var count = 0
    private var memory: [UInt8] = []
    private var file: UnsafeMutablePointer<FILE>?
    /// Where the next byte would be read; -1: nothing was read since it was written.
    private var filePlace = -1

    init() {}

    convenience init(_ bytes: [UInt8]) {
        self.init()
        memory = bytes
        count = bytes.count
    }

    deinit { if let file { fclose(file) } }

    func append(_ bytes: UnsafeRawBufferPointer) throws(PluginError) {
        if file == nil, count + bytes.count > Blob.inMemory { try spill() }
        if let file {
            filePlace = -1
            guard fwrite(bytes.baseAddress, 1, bytes.count, file) == bytes.count else {
                throw PluginError("writing a temporary file failed")
            }
        } else {
            memory.append(contentsOf: bytes)
        }
        count += bytes.count
    }

    private func spill() throws(PluginError) {
        guard let file = tmpfile() else { throw PluginError("no temporary file") }
        self.file = file
        guard fwrite(memory, 1, memory.count, file) == memory.count else {
            throw PluginError("writing a temporary file failed")
        }
        memory = []
    }

    /// Copies what is at `place`; how many bytes, fewer only at the end.
    func read(at place: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard place >= 0, place < count else { return 0 }
        let length = min(buffer.count, count - place)
        if let file {
            // Seeking throws away what was read ahead.
            if place != filePlace, fseeko(file, off_t(place), SEEK_SET) != 0 { return 0 }
            let got = fread(buffer.baseAddress, 1, length, file)
            filePlace = place + got
            return got
        }
        memory.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[place..<(place + length)]))
        }
        return length
    }

    /// The bytes at a place; fewer if there are not as many.
    func bytes(at place: Int, _ length: Int) -> [UInt8] {
        guard place >= 0, place < count, length > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: min(length, count - place)) { buffer, used in
            used = read(at: place, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}

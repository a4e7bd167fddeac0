// Base64 to bytes (RFC 2045 section 6.8).

/// Reads base64 as mail readers do.
///
/// Characters that are not of the alphabet do not count, wherever they stand. `=` ends a group: what the group holds so
/// far comes out, and the next character begins a new group, so encodings that were put one behind the other are read to
/// the end. Padding that is missing is not missed. Bits that make no whole byte are dropped.
struct Base64Decoder: Sendable {
    /// Six bits for each character of the group that is under way, the first ones highest.
    private var bits: UInt32 = 0
    /// 0...3 characters.
    private var held = 0

    /// 0...63, or 0xFF for a character that is not of the alphabet.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, octet) in alphabet.utf8.enumerated() { values[Int(octet)] = UInt8(value) }
        return values
    }()

    mutating func decode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        // Three bytes for each four characters, and what the group under way may add.
        output.append(addingCapacity: bytes.count / 4 * 3 + 6) { span in
            Self.values.withUnsafeBufferPointer { values in
                span.withUnsafeMutableBufferPointer { room, count in
                    decode(bytes, values, Room(room, &count))
                }
            }
        }
    }

    mutating func finish(into output: inout [UInt8]) {
        output.append(addingCapacity: 2) { span in
            span.withUnsafeMutableBufferPointer { room, count in endGroup(Room(room, &count)) }
        }
    }

    /// Where decoded bytes go. It has room for all that a call can make.
    private struct Room {
        let room: UnsafeMutableBufferPointer<UInt8>
        let count: UnsafeMutablePointer<Int>

        init(_ room: UnsafeMutableBufferPointer<UInt8>, _ count: UnsafeMutablePointer<Int>) {
            (self.room, self.count) = (room, count)
        }

        @inline(__always)
        func append(_ octet: UInt8) {
            room[count.pointee] = octet
            count.pointee &+= 1
        }
    }

    private mutating func decode(
        _ bytes: UnsafeRawBufferPointer, _ values: UnsafeBufferPointer<UInt8>, _ room: Room
    ) {
        var offset = 0
        while offset < bytes.count {
            if held == 0 {
                offset += Self.wholeGroups(bytes.slice(offset..<bytes.count), values, room)
                guard offset < bytes.count else { return }
            }
            let octet = bytes[offset]
            offset += 1
            let value = values[Int(octet)]
            if value != 0xFF {
                add(value, room)
            } else if octet == 0x3D {
                endGroup(room)
            }
        }
    }

    /// The hot loop: four characters at a time, up to the first group that holds something else.
    /// - Returns: How many bytes it used.
    @inline(__always)
    private static func wholeGroups(
        _ bytes: UnsafeRawBufferPointer, _ values: UnsafeBufferPointer<UInt8>, _ room: Room
    ) -> Int {
        var offset = 0
        var count = room.count.pointee
        while offset &+ 4 <= bytes.count {
            let first = values[Int(bytes[offset])]
            let second = values[Int(bytes[offset &+ 1])]
            let third = values[Int(bytes[offset &+ 2])]
            let fourth = values[Int(bytes[offset &+ 3])]
            if (first | second | third | fourth) & 0x80 != 0 { break }
            room.room[count] = first &<< 2 | second &>> 4
            room.room[count &+ 1] = second &<< 4 | third &>> 2
            room.room[count &+ 2] = third &<< 6 | fourth
            count &+= 3
            offset &+= 4
        }
        room.count.pointee = count
        return offset
    }

    @inline(__always)
    private mutating func add(_ value: UInt8, _ room: Room) {
        bits = bits &<< 6 | UInt32(value)
        held &+= 1
        guard held == 4 else { return }
        room.append(UInt8(truncatingIfNeeded: bits &>> 16))
        room.append(UInt8(truncatingIfNeeded: bits &>> 8))
        room.append(UInt8(truncatingIfNeeded: bits))
        (bits, held) = (0, 0)
    }

    private mutating func endGroup(_ room: Room) {
        if held == 3 {
            room.append(UInt8(truncatingIfNeeded: bits &>> 10))
            room.append(UInt8(truncatingIfNeeded: bits &>> 2))
        } else if held == 2 {
            room.append(UInt8(truncatingIfNeeded: bits &>> 4))
        }
        (bits, held) = (0, 0)
    }
}

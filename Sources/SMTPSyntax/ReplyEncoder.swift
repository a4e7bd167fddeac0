// The one place that turns a reply into bytes.

extension Reply {
    /// Longest reply line with its code, without its CR LF (RFC 5321 section 4.5.3.1.5 allows 512 with it).
    static let lineLimit = 510

    /// Writes the reply in wire form: `250-a` CR LF `250 b` CR LF.
    ///
    /// Lines without a visible character are dropped; if none is left, one line without text is sent. TAB becomes a
    /// blank, all other control characters are taken out, so that no text, wherever it came from, can end a line or
    /// forge a reply. A line of more than 510 bytes goes on in further lines, cut between characters. A code outside
    /// 200...599 is sent as 451, the only safe reading of a reply that is broken.
    /// - Parameters:
    ///   - write: Gets the whole reply in one call; the bytes are valid during the call only.
    ///   - prefix: Put before the text of each line (`uuid.deny_chars`); 255 bytes of it at most.
    public func encode(into write: (UnsafeRawBufferPointer) -> Void, prefix: String = "") {
        if let size = plainSize(prefix) {
            encodePlain(size, prefix, write)
        } else {
            encodeRepaired(prefix).withUnsafeBytes(write)
        }
    }

    private var wireCode: Int { (200...599).contains(code) ? code : 451 }

    /// Size of the encoded reply if nothing in it needs repair, else nil.
    private func plainSize(_ prefix: String) -> Int? {
        guard !lines.isEmpty, prefix.isEmpty || isPlain(prefix, room: 255) else { return nil }
        let overhead = prefix.utf8.count + 4
        var size = 0
        for line in lines {
            guard isPlain(line, room: Reply.lineLimit - overhead) else { return nil }
            size += overhead + line.utf8.count + 2
        }
        return size
    }

    /// Not longer than `room`, no control character, at least one visible one. Every text with U+0080 to U+00BF counts
    /// as not plain, because the C1 controls are among them.
    private func isPlain(_ text: String, room: Int) -> Bool {
        let bytes = text.utf8.span
        guard bytes.count <= room else { return false }
        return bytes.withUnsafeBufferPointer { octets in
            // No early way out, so that the compiler can test many octets at once.
            var needsRepair: UInt8 = 0
            var isVisible: UInt8 = 0
            for octet in octets {
                needsRepair |= (octet < .space ? 1 : 0) | (octet == .delete ? 1 : 0) | (octet == 0xC2 ? 1 : 0)
                isVisible |= octet > .space ? 1 : 0
            }
            return isVisible == 1 && needsRepair == 0
        }
    }

    /// The ordinary case: `size` bytes on the stack, filled without any String being made.
    private func encodePlain(_ size: Int, _ prefix: String, _ write: (UnsafeRawBufferPointer) -> Void) {
        let last = lines.count - 1
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { buffer in
            var end = 0
            for (number, line) in lines.enumerated() {
                appendHead(isLast: number == last, to: buffer, at: &end)
                append(prefix, to: buffer, at: &end)
                append(line, to: buffer, at: &end)
                buffer[end] = .carriageReturn
                buffer[end + 1] = .lineFeed
                end += 2
            }
            write(UnsafeRawBufferPointer(rebasing: buffer[..<end]))
        }
    }

    private func append(_ text: String, to buffer: UnsafeMutableRawBufferPointer, at end: inout Int) {
        let bytes = text.utf8.span
        let start = end
        bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyMemory(from: $0) }
        end += bytes.count
    }

    /// `250-` or `250 ` as a number whose lowest byte comes first.
    private func head(isLast: Bool) -> UInt32 {
        let code = wireCode
        let digits = UInt32(0x30 + code / 100) | UInt32(0x30 + code / 10 % 10) << 8 | UInt32(0x30 + code % 10) << 16
        return (digits | UInt32(isLast ? UInt8.space : UInt8(ascii: "-")) << 24).littleEndian
    }

    private func appendHead(isLast: Bool, to buffer: UnsafeMutableRawBufferPointer, at end: inout Int) {
        buffer.storeBytes(of: head(isLast: isLast), toByteOffset: end, as: UInt32.self)
        end += 4
    }

    private func encodeRepaired(_ prefix: String) -> [UInt8] {
        var prefix = repaired(prefix)
        prefix.removeSubrange(boundary(in: prefix[...], atMost: 255)...)
        let room = Reply.lineLimit - 4 - prefix.count
        var texts: [ArraySlice<UInt8>] = []
        for line in lines {
            var rest = repaired(line)[...]
            guard rest.contains(where: { $0 > .space }) else { continue }
            while rest.count > room {
                let cut = boundary(in: rest, atMost: room)
                texts.append(rest[..<cut])
                rest = rest[cut...]
            }
            texts.append(rest)
        }
        if texts.isEmpty { texts.append([]) }
        var wire: [UInt8] = []
        for (number, text) in texts.enumerated() {
            withUnsafeBytes(of: head(isLast: number == texts.count - 1)) { wire += $0 }
            wire += prefix
            wire += text
            wire += [.carriageReturn, .lineFeed]
        }
        return wire
    }

    /// Without control characters, TAB as a blank.
    private func repaired(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                bytes.append(.space)
            } else if scalar.value >= 0x20, !(0x7F...0x9F).contains(scalar.value) {
                bytes += scalar.utf8
            }
        }
        return bytes
    }

    /// The greatest index not above `limit` bytes that does not stand inside a UTF-8 sequence.
    private func boundary(in bytes: ArraySlice<UInt8>, atMost limit: Int) -> Int {
        guard bytes.count > limit else { return bytes.endIndex }
        var index = bytes.startIndex + limit
        while index > bytes.startIndex + limit - 4, bytes[index] & 0xC0 == 0x80 { index -= 1 }
        return index
    }
}

// The one place that turns a reply into bytes.

extension Reply {
    /// Longest reply line with its code, without its CR LF (RFC 5321 section 4.5.3.1.5 allows 512 with it).
    static let lineLimit = 510

    /// Writes the reply in wire form: `250-a` CR LF `250 b` CR LF.
    ///
    /// Lines without a visible character are dropped; if none is left, one line without text is sent. TAB becomes a
    /// blank, all other control characters are taken out, so that no text, wherever it came from, can end a line or
    /// forge a reply. A line of more than 510 bytes goes on in further lines, cut between characters. A code outside
    /// 200...599 is sent as 451, the only safe reading of a reply that is broken. With ``showsStatus`` every line has
    /// the status right behind its code (RFC 2034 section 4).
    /// - Parameters:
    ///   - write: Gets the whole reply in one call; the bytes are valid during the call only.
    ///   - prefix: Put before the text of each line (`uuid.deny_chars`); 255 bytes of it at most.
    public func encode(into write: (UnsafeRawBufferPointer) -> Void, prefix: String = "") {
        let status = StatusBytes(shownStatus)
        if let size = plainSize(prefix, status.count) {
            encodePlain(size, prefix, status, write)
        } else {
            encodeRepaired(prefix, status).withUnsafeBytes(write)
        }
    }

    var wireCode: Int { (200...599).contains(code) ? code : 451 }

    /// Size of the encoded reply if nothing in it needs repair, else nil.
    private func plainSize(_ prefix: String, _ statusSize: Int) -> Int? {
        guard !lines.isEmpty, prefix.isEmpty || isPlain(prefix, room: 255) else { return nil }
        let overhead = prefix.utf8.count + 4 + statusSize
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
        return bytes.withUnsafeBytes { octets in
            var isVisible = false
            var offset = 0
            while offset + 8 <= octets.count {
                let eight = octets.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                guard !eight.needsRepair else { return false }
                isVisible = isVisible || eight != 0x2020_2020_2020_2020
                offset += 8
            }
            for octet in octets[offset...] {
                guard octet >= .space, octet != .delete, octet != 0xC2 else { return false }
                isVisible = isVisible || octet > .space
            }
            return isVisible
        }
    }

    /// The ordinary case: `size` bytes on the stack, filled without any String being made.
    private func encodePlain(
        _ size: Int, _ prefix: String, _ status: StatusBytes, _ write: (UnsafeRawBufferPointer) -> Void
    ) {
        let last = lines.count - 1
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { buffer in
            var end = 0
            for (number, line) in lines.enumerated() {
                appendHead(isLast: number == last, to: buffer, at: &end)
                status.append(to: buffer, at: &end)
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

    private func encodeRepaired(_ prefix: String, _ status: StatusBytes) -> [UInt8] {
        var prefix = repaired(prefix)
        prefix.removeSubrange(boundary(in: prefix[...], atMost: 255)...)
        let room = Reply.lineLimit - 4 - status.count - prefix.count
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
            status.append(to: &wire)
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

/// `2.1.0 ` as bytes, made once for all lines of a reply: up to ten of them, in one word and a rest.
private struct StatusBytes {
    /// The first byte is the lowest.
    private var low: UInt64 = 0
    private var high: UInt64 = 0
    private(set) var count = 0

    /// Nil: no bytes.
    init(_ status: EnhancedStatus?) {
        guard let status else { return }
        // Nearly all of them: "2.1.0 " at one go.
        if status.subject < 10, status.detail < 10, status.class < 10 {
            let digits = UInt64(status.class) | UInt64(status.subject) << 16 | UInt64(status.detail) << 32
            low = 0x2030_2E30_2E30 + digits
            count = 6
            return
        }
        add(0x30 + status.class % 10)
        add(number: status.subject)
        add(number: status.detail)
        add(.space)
    }

    private mutating func add(_ octet: UInt8) {
        if count < 8 {
            low |= UInt64(octet) << UInt64(count * 8)
        } else {
            high |= UInt64(octet) << UInt64(count * 8 - 64)
        }
        count += 1
    }

    private mutating func add(number: UInt16) {
        let number = min(number, 999)
        add(UInt8(ascii: "."))
        if number >= 100 { add(0x30 + UInt8(number / 100)) }
        if number >= 10 { add(0x30 + UInt8(number / 10 % 10)) }
        add(0x30 + UInt8(number % 10))
    }

    private func octet(_ index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: index < 8 ? low >> UInt64(index * 8) : high >> UInt64(index * 8 - 64))
    }

    /// Behind it there is room for a text of one byte and CR LF, so that eight bytes can be written.
    func append(to buffer: UnsafeMutableRawBufferPointer, at end: inout Int) {
        guard count > 0 else { return }
        buffer.storeBytes(of: low.littleEndian, toByteOffset: end, as: UInt64.self)
        for index in 8..<max(8, count) { buffer[end + index] = octet(index) }
        end += count
    }

    func append(to wire: inout [UInt8]) {
        for index in 0..<count { wire.append(octet(index)) }
    }
}

extension UInt64 {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// One of eight octets is a control character, or 0xC2, behind which C1 controls stand.
    fileprivate var needsRepair: Bool {
        let controls = (self &- 0x20 &* UInt64.ones) & ~self
        return (controls | isZero(self ^ 0x7F &* UInt64.ones) | isZero(self ^ 0xC2 &* UInt64.ones)) & UInt64.tops != 0
    }

    /// The top bit of octets that are zero.
    private func isZero(_ octets: UInt64) -> UInt64 { (octets &- UInt64.ones) & ~octets }
}

// The hot path of message content: ordinary text is told from line ends many bytes at a time.

extension UnsafeRawBufferPointer {
    /// Whether CR LF stands at `offset`; both bytes must lie inside the buffer.
    @inline(__always)
    func hasPair(at offset: Int) -> Bool {
        UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self)) == 0x0A0D
    }

    /// Whether every octet of `range`, which must lie inside the buffer, is above CR, so that there is no CR and no LF.
    ///
    /// The smallest octet decides, which takes an instruction for 16 of them. False means "look closer": a TAB does it.
    @inline(__always)
    func isPlain(in range: Range<Int>) -> Bool {
        guard range.count >= 16 else { return isPlainOctetByOctet(in: range) }
        // The last 16 first: the steps that follow may then leave a rest.
        var least = octets(at: range.upperBound &- 16)
        var next = range.lowerBound
        while range.upperBound &- next >= 64 {
            least = least.least(octets(at: next)).least(octets(at: next &+ 16))
            least = least.least(octets(at: next &+ 32)).least(octets(at: next &+ 48))
            next &+= 64
        }
        while range.upperBound &- next >= 16 {
            least = least.least(octets(at: next))
            next &+= 16
        }
        return least.isAboveCarriageReturn
    }

    private func isPlainOctetByOctet(in range: Range<Int>) -> Bool {
        var next = range.lowerBound
        while next < range.upperBound, self[next] > .carriageReturn { next &+= 1 }
        return next == range.upperBound
    }

    @inline(__always)
    private func octets(at offset: Int) -> SIMD16<UInt8> {
        loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
    }
}

/// The types are spelled out below: left to inference, operators are taken that work lane by lane.
extension SIMD16<UInt8> {
    /// The smaller octet in each lane.
    @inline(__always)
    fileprivate func least(_ other: Self) -> Self { replacing(with: other, where: other .< self) }

    @inline(__always)
    fileprivate var isAboveCarriageReturn: Bool {
        let carriageReturn: SIMD16<UInt8> = Self(repeating: .carriageReturn)
        let isBelow: SIMDMask<SIMD16<Int8>> = self .<= carriageReturn
        let words = unsafeBitCast(isBelow, to: SIMD2<UInt64>.self)
        return words[0] | words[1] == 0
    }
}

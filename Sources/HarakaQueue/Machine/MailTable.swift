// The mails in the queue, found by uuid.

/// A mail in memory.
struct Mail: Slot {
    /// See ``PackedMail``.
    var packed: [UInt8] = []
    /// Milliseconds since 1970.
    var queueTime: Int64 = 0
    /// The next mail of the same bucket of the table.
    var sameBucket = nothing
    /// Its parts are a list, linked by ``Part/sibling``.
    var firstPart = nothing
    /// Recipients who wait; nobody: it is over.
    var waiting: UInt32 = 0
    var isHeld = false
}

/// Mails by number and by uuid: a hash table whose entries are the mails themselves.
///
/// A dictionary of uuids would keep each text a second time: some 80 bytes for each mail. Here it is four of the
/// bucket and four of the link.
struct MailTable {
    private(set) var mails = Slab<Mail>()
    /// The first mail of each, or ``nothing``. As many as the next power of two, 64 at least; none without mails.
    private var buckets: [UInt32] = []

    var count: Int { mails.count }

    subscript(number: UInt32) -> Mail {
        get { mails[number] }
        _modify { yield &mails[number] }
    }

    /// The mail with a key of ``PackedMail``; nil: there is none.
    func find(_ key: [UInt8]) -> UInt32? {
        guard !buckets.isEmpty else { return nil }
        var number = buckets[bucket(key[...])]
        while number != nothing {
            if mails[number].packed.starts(with: key) { return number }
            number = mails[number].sameBucket
        }
        return nil
    }

    /// Its uuid must not be in the table: ``find(_:)`` would see one of the two.
    mutating func insert(_ mail: Mail) -> UInt32 {
        if mails.count >= buckets.count { grow() }
        let number = mails.insert(mail)
        link(number)
        return number
    }

    /// The buckets go with the last mail.
    mutating func remove(_ number: UInt32) {
        let place = bucket(key(number))
        let after = mails[number].sameBucket
        if buckets[place] == number {
            buckets[place] = after
        } else {
            var before = buckets[place]
            while before != nothing, mails[before].sameBucket != number { before = mails[before].sameBucket }
            if before != nothing { mails[before].sameBucket = after }
        }
        mails.remove(number)
        if mails.count == 0 { buckets = [] }
    }

    /// Twice as many buckets, which happens once in as many mails: all mails find new places.
    private mutating func grow() {
        buckets = Array(repeating: nothing, count: max(64, buckets.count * 2))
        for number in 0..<mails.end where !mails[number].packed.isEmpty { link(number) }
    }

    /// Into its bucket, in front of the others.
    private mutating func link(_ number: UInt32) {
        let place = bucket(key(number))
        mails[number].sameBucket = buckets[place]
        buckets[place] = number
    }

    /// The beginning of what was packed is the key: no mail stores its uuid twice.
    private func key(_ number: UInt32) -> ArraySlice<UInt8> {
        var reader = PackedMailReader(mails[number].packed)
        return mails[number].packed[..<reader.skipKey()]
    }

    /// FNV-1a. We make the uuids: nobody can aim at a bucket.
    private func bucket(_ key: ArraySlice<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int((hash ^ hash >> 32) & UInt64(buckets.count - 1))
    }
}

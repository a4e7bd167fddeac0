// libarchive: the formats and filters that are used, and the callbacks through which it reads.
import CArchive
import HarakaPluginKit

/// An archive that is being read. One thread.
final class ArchiveReader {
    let handle: OpaquePointer
    /// Whether a filter stands before the format: an archive in gzip, or any other file.
    let isCompressed: Bool
    private let feed: Feed

    /// nil: it cannot be begun.
    init?(_ blob: Blob, _ budget: Budget) {
        guard let handle = archive_read_new() else { return nil }
        self.handle = handle
        feed = Feed(blob, budget)
        let start = blob.bytes(at: 0, signLength)
        let filter = filter(ofStart: start)
        isCompressed = filter != nil
        for add in isCompressed ? formatsInside : formats(ofStart: start) { _ = add(handle) }
        if let filter, !filter.begin(handle) { return nil }
        archive_read_set_callback_data(handle, Unmanaged.passUnretained(feed).toOpaque())
        archive_read_set_read_callback(handle) { _, context, out in Feed.of(context).read(out) }
        archive_read_set_skip_callback(handle) { _, context, count in Feed.of(context).skip(count) }
        archive_read_set_seek_callback(handle) { _, context, offset, origin in Feed.of(context).seek(offset, origin) }
    }

    deinit { archive_read_free(handle) }

    /// Whether it is an archive. What breaks off before its format shows would count as empty but for the error that
    /// it leaves.
    func open() -> Bool { archive_read_open1(handle) >= ARCHIVE_WARN && archive_errno(handle) == 0 }

    var format: Int32 { archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK }
    /// A compressed file that is no archive.
    var isRaw: Bool { format == ARCHIVE_FORMAT_RAW }
    /// Whether an entry's first bytes cost little: elsewhere all entries before it would be unpacked, too.
    var isCheapToOpen: Bool { isRaw || format == ARCHIVE_FORMAT_ZIP || format == ARCHIVE_FORMAT_TAR }

    /// What went wrong, in libarchive's words.
    var failure: String { archive_error_string(handle).map { String(cString: $0) } ?? "unknown" }

    /// Some formats only say so in words.
    var failedForEncryption: Bool {
        if archive_read_has_encrypted_entries(handle) == 1 { return true }
        guard let words = archive_error_string(handle).map({ bytes(of: $0) }) else { return false }
        return words.indices.contains { words[$0...].starts(with: "ncrypt".utf8) }
    }

    /// Reads over what is left of the entry, piece by piece, so that limits count: libarchive would not stop for
    /// them. False: it broke off.
    func pass(_ budget: Budget) -> Bool {
        var (start, count, place): (UnsafeRawPointer?, Int, Int64) = (nil, 0, 0)
        while budget.isLeft {
            let status = archive_read_data_block(handle, &start, &count, &place)
            if status == ARCHIVE_EOF { return true }
            guard status >= ARCHIVE_WARN else { return false }
            budget.spend(bytes: count)
        }
        return false
    }

    /// The next bytes of the entry; 0 at its end, negative if they cannot be read.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        archive_read_data(handle, buffer.baseAddress, buffer.count)
    }
}

private typealias Adding = (OpaquePointer) -> Int32

/// Those of which the sign must stand at the start are asked for only if it does.
private func formats(ofStart start: [UInt8]) -> [Adding] {
    if isSevenZip(start) { return [archive_read_support_format_7zip] }
    if start.starts(with: "Rar!".utf8) { return [archive_read_support_format_rar, archive_read_support_format_rar5] }
    return [archive_read_support_format_zip, archive_read_support_format_tar, archive_read_support_format_empty]
}

/// Any other archive in a compressed file is one in an archive.
private var formatsInside: [Adding] {
    [archive_read_support_format_tar, archive_read_support_format_empty, archive_read_support_format_raw]
}

private struct Filter {
    let start: [UInt8]
    let code: Int32
    let add: Adding

    func begin(_ handle: OpaquePointer) -> Bool {
        // A libarchive that was built without a library would start a program in its place, and says so by a warning.
        guard let trial = archive_read_new() else { return false }
        defer { archive_read_free(trial) }
        guard add(trial) == ARCHIVE_OK else { return false }
        // This one reads as soon as it is begun, so libarchive must find it by itself.
        if code == ARCHIVE_FILTER_COMPRESS { return add(handle) == ARCHIVE_OK }
        return archive_read_append_filter(handle, code) == ARCHIVE_OK
    }
}

/// One, and not what libarchive finds: it looks for filters in what filters make, without an end.
private func filter(ofStart start: [UInt8]) -> Filter? {
    let filters = [
        Filter(start: [0x1F, 0x8B], code: ARCHIVE_FILTER_GZIP, add: archive_read_support_filter_gzip),
        Filter(start: [0x1F, 0x9D], code: ARCHIVE_FILTER_COMPRESS, add: archive_read_support_filter_compress),
        Filter(start: Array("BZh".utf8), code: ARCHIVE_FILTER_BZIP2, add: archive_read_support_filter_bzip2),
        Filter(start: [0xFD, 0x37, 0x7A, 0x58, 0x5A], code: ARCHIVE_FILTER_XZ, add: archive_read_support_filter_xz),
        Filter(start: [0x28, 0xB5, 0x2F, 0xFD], code: ARCHIVE_FILTER_ZSTD, add: archive_read_support_filter_zstd),
    ]
    return filters.first { start.starts(with: $0.start) } ?? (isSkippableFrame(start) ? filters.last : nil)
}

/// Where libarchive gets its bytes.
private final class Feed {
    /// Small: the clock and the limits are looked at between two pieces, and bzip2 makes half a gigabyte of this much.
    private static let piece = 512

    private let blob: Blob
    private let budget: Budget
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Feed.piece, alignment: 16)
    private var place = 0

    init(_ blob: Blob, _ budget: Budget) {
        self.blob = blob
        self.budget = budget
    }

    deinit { buffer.deallocate() }

    static func of(_ context: UnsafeMutableRawPointer?) -> Feed {
        Unmanaged<Feed>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
    }

    /// 0 at the end.
    func read(_ out: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
        guard budget.isLeft else { return Int(ARCHIVE_FATAL) }
        let count = blob.read(at: place, into: buffer)
        out?.pointee = UnsafeRawPointer(buffer.baseAddress)
        place += count
        return count
    }

    func skip(_ count: Int64) -> Int64 {
        let skipped = max(0, min(count, Int64(blob.count - place)))
        place += Int(skipped)
        return skipped
    }

    func seek(_ offset: Int64, _ origin: Int32) -> Int64 {
        let start = origin == SEEK_SET ? 0 : origin == SEEK_CUR ? Int64(place) : Int64(blob.count)
        let (target, overflow) = start.addingReportingOverflow(offset)
        guard !overflow, target >= 0 else { return Int64(ARCHIVE_FATAL) }
        place = Int(min(target, Int64(blob.count)))
        return Int64(place)
    }
}

// libarchive: the formats and filters that are used, and the callbacks through which it reads.
import CArchive
import HarakaPluginKit

/// An archive that is being read. One thread.
final class ArchiveReader {
    let handle: OpaquePointer
    private let feed: Feed

    /// nil: no memory.
    init?(_ blob: Blob, _ budget: Budget) {
        guard let handle = archive_read_new() else { return nil }
        self.handle = handle
        feed = Feed(blob, budget)
        for add in formats { _ = add(handle) }
        for add in filters where isBuiltIn(add) { _ = add(handle) }
        archive_read_set_callback_data(handle, Unmanaged.passUnretained(feed).toOpaque())
        archive_read_set_read_callback(handle) { archive, context, out in Feed.of(context).read(archive, out) }
        archive_read_set_skip_callback(handle) { _, context, count in Feed.of(context).skip(count) }
        archive_read_set_seek_callback(handle) { _, context, offset, origin in Feed.of(context).seek(offset, origin) }
    }

    deinit { archive_read_free(handle) }

    func open() -> Bool { archive_read_open1(handle) >= ARCHIVE_WARN }

    var format: Int32 { archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK }
    /// A compressed file that is no archive, or anything else.
    var isRaw: Bool { format == ARCHIVE_FORMAT_RAW }
    var isCompressed: Bool { archive_filter_count(handle) > 1 }
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

    /// The next bytes of the entry; 0 at its end, negative if they cannot be read.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        archive_read_data(handle, buffer.baseAddress, buffer.count)
    }
}

private typealias Adding = (OpaquePointer) -> Int32

private var formats: [Adding] {
    [
        archive_read_support_format_zip, archive_read_support_format_tar, archive_read_support_format_7zip,
        archive_read_support_format_rar, archive_read_support_format_rar5, archive_read_support_format_empty,
        archive_read_support_format_raw,
    ]
}

private var filters: [Adding] {
    [
        archive_read_support_filter_gzip, archive_read_support_filter_bzip2, archive_read_support_filter_xz,
        archive_read_support_filter_zstd, archive_read_support_filter_compress,
    ]
}

/// A libarchive that was built without a library would start a program in its place, and says so by a warning.
private func isBuiltIn(_ add: Adding) -> Bool {
    guard let trial = archive_read_new() else { return false }
    defer { archive_read_free(trial) }
    return add(trial) == ARCHIVE_OK
}

/// Where libarchive gets its bytes.
private final class Feed {
    /// Small: the clock and the limits are looked at between two pieces, and some formats make megabytes of one.
    private static let piece = 4096

    private let blob: Blob
    private let budget: Budget
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Feed.piece, alignment: 16)
    private var place = 0
    private var unpacked = 0

    init(_ blob: Blob, _ budget: Budget) {
        self.blob = blob
        self.budget = budget
    }

    deinit { buffer.deallocate() }

    static func of(_ context: UnsafeMutableRawPointer?) -> Feed {
        Unmanaged<Feed>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
    }

    /// 0 at the end.
    func read(_ archive: OpaquePointer?, _ out: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
        account(archive)
        guard budget.isLeft else { return Int(ARCHIVE_FATAL) }
        let count = blob.read(at: place, into: buffer)
        out?.pointee = UnsafeRawPointer(buffer.baseAddress)
        place += count
        return count
    }

    /// What filters have made of what they were given.
    private func account(_ archive: OpaquePointer?) {
        guard archive_filter_count(archive) > 1 else { return }
        let now = Int(archive_filter_bytes(archive, 0))
        if now > unpacked { budget.spend(bytes: now - unpacked) }
        unpacked = max(unpacked, now)
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

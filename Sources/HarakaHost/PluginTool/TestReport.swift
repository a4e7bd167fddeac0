// What a test process tells `plugin check`: memory of both, so that it survives every way in which a plugin can end a
// process, closed descriptors included.

import Glibc

/// How a test ended, from good to bad.
enum TestStatus: Int, Comparable {
    case passed, skipped, warning, failed

    var name: String {
        switch self {
        case .passed: "passed"
        case .skipped: "skipped"
        case .warning: "warning"
        case .failed: "failed"
        }
    }

    static func < (left: TestStatus, right: TestStatus) -> Bool { left.rawValue < right.rawValue }
}

/// Something that a test has found out.
struct Finding: Equatable {
    let status: TestStatus
    /// One sentence without its full stop.
    let text: String
    /// What the author can do; "" where nothing need be done.
    var advice = ""
}

/// The shared page. Written by the test process's loop and job threads, read by the tool when that process is over.
///
/// is done: 1 byte; what runs now: 4 bytes of length at 4, text from 8 on; findings: length at 1032, text from 1036 on.
final class TestReport: @unchecked Sendable {
    static let size = 65_536
    private static let placeAt = 4
    private static let findingsAt = 1032
    private let page: UnsafeMutableRawPointer

    /// Maps a file of that size. Nil with errno.
    init?(_ descriptor: Int32) {
        let flags = PROT_READ | PROT_WRITE
        guard let page = mmap(nil, TestReport.size, flags, MAP_SHARED, descriptor, 0), page != MAP_FAILED else {
            return nil
        }
        self.page = page
    }

    deinit { munmap(page, TestReport.size) }

    /// The test has come to its end by itself.
    var isDone: Bool {
        get { page.load(as: UInt8.self) == 1 }
        set { page.storeBytes(of: newValue ? 1 : 0, as: UInt8.self) }
    }

    /// What is being done at this moment, as the end of a sentence: "in the hook rcpt, with empty arguments".
    var place: String {
        get { text(at: TestReport.placeAt, limit: TestReport.findingsAt - 8) }
        set { set(newValue, at: TestReport.placeAt, limit: TestReport.findingsAt - 8) }
    }

    private static let unit: Character = "\u{1F}"
    private static let record: Character = "\u{1E}"

    func add(_ finding: Finding) {
        let line = [String(finding.status.rawValue), finding.text, finding.advice].map(TestReport.plain)
        let all = text(at: TestReport.findingsAt, limit: TestReport.room)
        let more = all + line.joined(separator: "\u{1F}") + "\u{1E}"
        if more.utf8.count <= TestReport.room { set(more, at: TestReport.findingsAt, limit: TestReport.room) }
    }

    var findings: [Finding] {
        text(at: TestReport.findingsAt, limit: TestReport.room).split(separator: TestReport.record).compactMap { line in
            let parts = line.split(separator: TestReport.unit, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, let status = Int(parts[0]).flatMap(TestStatus.init) else { return nil }
            return Finding(status: status, text: parts[1], advice: parts[2])
        }
    }

    private static let room = size - findingsAt - 4

    /// A plugin's words end up on terminals.
    private static func plain(_ text: String) -> String {
        String(text.prefix(600).map { $0.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 } ? $0 : " " })
    }

    private func text(at offset: Int, limit: Int) -> String {
        let count = Int(page.load(fromByteOffset: offset, as: UInt32.self))
        let bytes = UnsafeRawBufferPointer(start: page + offset + 4, count: min(count, limit))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes first, then how many: whoever dies in between leaves the old text.
    private func set(_ text: String, at offset: Int, limit: Int) {
        var text = text
        text.withUTF8 { bytes in
            let count = min(bytes.count, limit)
            page.storeBytes(of: 0, toByteOffset: offset, as: UInt32.self)
            if let base = bytes.baseAddress { memcpy(page + offset + 4, base, count) }
            page.storeBytes(of: UInt32(count), toByteOffset: offset, as: UInt32.self)
        }
    }
}

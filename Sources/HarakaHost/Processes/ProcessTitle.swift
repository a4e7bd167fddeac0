// What ps shows for a process.

import CHarakaProcess

enum ProcessTitle {
    /// Empty: as it was started. One thread at a time.
    static func show(_ title: String) {
        var title = title
        title.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { _ = haraka_process_title($0.baseAddress, $0.count) }
        }
    }
}

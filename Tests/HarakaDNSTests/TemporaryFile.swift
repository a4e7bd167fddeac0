// A file for one test, gone with it.

import Glibc

final class TemporaryFile: Sendable {
    let path: String

    init(_ text: String) {
        var template = Array("/tmp/haraka-dns-file-XXXXXX".utf8CString)
        close(mkstemp(&template))
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        write(text)
    }

    deinit { unlink(path) }

    func write(_ text: String) {
        guard let file = fopen(path, "w") else { return }
        fputs(text, file)
        fclose(file)
    }
}

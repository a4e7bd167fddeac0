// Names in UTF-8, whatever the locale of the process is.
import CArchive

/// While one of these is in force, this thread has a locale with UTF-8: in another one libarchive loses names that it
/// would have to convert. The process keeps its own.
struct NameLocale: ~Copyable {
    private let own: locale_t?
    private let before: locale_t?

    init() {
        own = newlocale(1 << LC_CTYPE, "C.UTF-8", nil)
        before = own.flatMap { uselocale($0) }
    }

    deinit {
        guard let own else { return }
        uselocale(before)
        freelocale(own)
    }
}

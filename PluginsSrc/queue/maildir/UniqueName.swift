// File names that no other delivery has, as the Maildir specification wants them.

/// Names `time.MusecPpidQcounter.host`: the time and its microseconds, this process, and how many it delivered before.
/// The time alone would not do: a clock may be set back, and a process number be used again.
struct UniqueNames {
    private let process: Int64
    private let host: String
    private var count: UInt64 = 0

    init(process: Int64, host: String) {
        self.process = process
        self.host = UniqueNames.cleaned(host)
    }

    /// The name of the next file; `microseconds` since 1970.
    mutating func next(microseconds: Int64) -> String {
        count &+= 1
        return "\(microseconds / 1_000_000).M\(microseconds % 1_000_000)P\(process)Q\(count).\(host)"
    }

    /// `/` would be a folder and `:` begins the flags; the specification writes them as `\057` and `\072`.
    static func cleaned(_ host: String) -> String {
        var clean = ""
        for scalar in host.unicodeScalars {
            switch scalar {
            case "/": clean += "\\057"
            case ":": clean += "\\072"
            default: clean.unicodeScalars.append(scalar)
            }
        }
        return clean
    }
}

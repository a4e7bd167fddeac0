// What the machine has left: disk, memory, descriptors. Read from the system, judged here.

import Glibc

/// What is running out.
enum Shortage: CaseIterable {
    case disk, memory, ownMemory, descriptors

    /// For clients and the log.
    var words: String {
        switch self {
        case .disk: "Short of disk space"
        case .memory, .ownMemory: "Short of memory"
        case .descriptors: "Short of file descriptors"
        }
    }
}

/// What the system said at one moment. Nil: it did not say.
struct Supplies: Equatable {
    /// Bytes free on the spool folder's disk.
    var freeDisk: Int?
    /// Bytes of memory that the machine has left.
    var freeMemory: Int?
    /// Bytes of memory that this process holds.
    var ownMemory: Int?
    /// Descriptors that could still be opened.
    var freeDescriptors: Int?

    /// What is short, the most pressing first. What was short at the last look stays so until there is an eighth more
    /// than needed: else it would begin and end all the time.
    func shortage(_ limits: PressureLimits, last: Shortage?) -> Shortage? {
        func isLow(_ value: Int?, _ limit: Int, _ what: Shortage) -> Bool {
            guard limit > 0, let value else { return false }
            return value < limit &+ (last == what ? limit / 8 : 0)
        }
        if isLow(freeDisk, limits.minFreeDisk, .disk) { return .disk }
        if isLow(freeMemory, limits.minFreeMemory, .memory) { return .memory }
        if isLow(freeDescriptors, limits.spareDescriptors, .descriptors) { return .descriptors }
        guard limits.maxMemory > 0, let ownMemory else { return nil }
        let bound = last == .ownMemory ? limits.maxMemory - limits.maxMemory / 8 : limits.maxMemory
        return ownMemory > bound ? .ownMemory : nil
    }

    /// Asks the system for what `limits` speak of. A few system calls; some microseconds.
    static func read(_ limits: PressureLimits, spool: String) -> Supplies {
        var supplies = Supplies()
        if limits.minFreeDisk > 0 { supplies.freeDisk = freeDisk(spool) }
        if limits.minFreeMemory > 0 { supplies.freeMemory = freeMemory() }
        if limits.maxMemory > 0 { supplies.ownMemory = ownMemory() }
        if limits.spareDescriptors > 0 { supplies.freeDescriptors = freeDescriptors() }
        return supplies
    }

    private static func freeDisk(_ folder: String) -> Int? {
        var facts = statvfs()
        guard statvfs(folder, &facts) == 0 else { return nil }
        return Int(clamping: facts.f_bavail.multipliedReportingOverflow(by: facts.f_frsize).partialValue)
    }

    private static func freeMemory() -> Int? {
        let text = file("/proc/meminfo")
        guard let range = text.firstRange(of: "MemAvailable:") else { return nil }
        let digits = text[range.upperBound...].drop { $0 == " " }.prefix { $0.isWholeNumber }
        return Int(digits).map { $0 &* 1024 }
    }

    /// The second word of statm: pages that are resident.
    private static func ownMemory() -> Int? {
        let words = file("/proc/self/statm").split(separator: " ")
        return words.count > 1 ? Int(words[1]).map { $0 &* sysconf(Int32(_SC_PAGESIZE)) } : nil
    }

    private static func freeDescriptors() -> Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return openDescriptors().map { Int(clamping: limit.rlim_cur) - $0 }
    }

    /// Linux 6.2 and later say the number of open descriptors as the size of this folder; before, they are counted.
    private static func openDescriptors() -> Int? {
        var facts = stat()
        guard stat("/proc/self/fd", &facts) == 0 else { return nil }
        if facts.st_size > 0 { return Int(facts.st_size) }
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = -3  // ".", "..", and the folder itself
        while readdir(folder) != nil { count += 1 }
        return count
    }

    /// A file of /proc, or the beginning of a long one.
    private static func file(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        return String(unsafeUninitializedCapacity: 4096) { max(0, Glibc.read(descriptor, $0.baseAddress, $0.count)) }
    }
}

import CHarakaFault
struct CrashReport {
    let summary: String, plugin: String?, hash: String?, hook: String?, generation: UInt32, backtrace: [String], isCertain: Bool
    init(page: UnsafePointer<haraka_fault_page>, status: Int32) { summary = "status \(status)"; plugin = nil; hash = nil; hook = nil; generation = 0; backtrace = []; isCertain = false }
}

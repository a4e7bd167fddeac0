// process_title: shows in ps how much each process has to do.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerProcessTitle)
    }

    /// What this generation has counted goes to the next one.
    @c(haraka_shutdown)
    public func harakaShutdown(_ call: UnsafePointer<haraka_call>?) -> Int32 {
        title?.handOver()
        return HARAKA_SUCCESS
    }

    /// Of this copy of the plugin: each generation has its own. Loop thread only.
    nonisolated(unsafe) private var title: Title?
#endif

/// Counts before all other plugins, because one that answers ends the hook.
public func registerProcessTitle(_ plugin: Plugin) {
    let counter = Title(plugin)
    #if hasFeature(Embedded)
        title = counter
    #endif
    plugin.hook("init_master") { call in
        let nodes = call.plugin.config.ini("smtp.ini")["main"]["nodes"]
        // Without workers this process serves clients, too; else it is the one that delivers.
        return counter.begin(nodes.isNull || nodes.integer(or: 1) != 0 ? "delivery" : "master")
    }
    plugin.hook("init_child") { _ in counter.begin("worker") }
    plugin.hook("connect_init", priority: -100) { _ in counter.count { $0.connections += 1 } }
    plugin.hook("disconnect", priority: -100) { _ in counter.count { $0.disconnections += 1 } }
    plugin.hook("rcpt", priority: -100) { _ in counter.count { $0.recipients += 1 } }
    plugin.hook("data", priority: -100) { _ in counter.count { $0.messages += 1 } }
}

/// Collects what happens, and once a second, while something does, shows it. Loop thread only.
final class Title {
    private let plugin: Plugin
    /// Which generation of the plugin this is; only the newest shows a title.
    private let generation: Int64
    private var process = "worker"
    private var news = News()
    private var shown = ""
    private var timer: Timer?

    init(_ plugin: Plugin) {
        self.plugin = plugin
        generation = plugin.serverNotes.get(generationNote).integer(or: 0) + 1
        plugin.serverNotes.set(generationNote, .integer(generation))
    }

    /// The process is known.
    func begin(_ process: String) -> Answer {
        self.process = process
        look()
        return .continue
    }

    /// An idle process has no timer: it would wake up to find that nothing has changed.
    func count(_ change: (inout News) -> Void) -> Answer {
        change(&news)
        if timer == nil { timer = plugin.every(milliseconds: 1000) { [self] in look() } }
        return .continue
    }

    private func look() {
        let now = Plugin.monotonicClock
        let figures = handOver()
        if figures.isQuiet {
            timer?.cancel()
            timer = nil
        }
        // A generation that only waits for its last connections has no say any more.
        guard plugin.serverNotes.get(generationNote).integer(or: 0) == generation else { return }
        let title = figures.title(process, now: now)
        guard title != shown else { return }
        shown = title
        plugin.setProcessTitle(title)
    }

    /// Puts what is new into the figures of the process, which all generations share.
    @discardableResult
    func handOver() -> Figures {
        var figures = Figures(plugin.serverNotes.get(figuresNote)) ?? Figures(since: Plugin.monotonicClock)
        figures.add(news)
        news = News()
        plugin.serverNotes.set(figuresNote, figures.value)
        return figures
    }
}

private let figuresNote = "process_title.figures"
private let generationNote = "process_title.generation"

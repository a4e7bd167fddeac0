// toobusy: turns new clients away while the loop is late.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerTooBusy)
    }
#endif

/// First of all plugins: who is turned away must not cost a look-up before.
public func registerTooBusy(_ plugin: Plugin) throws(PluginError) {
    let lag = Lag(limit: try limit(plugin))
    plugin.config.watch("toobusy.maxlag") { changed(plugin, lag) }
    plugin.hook("connect", priority: -100) { _ in
        lag.turnsAway() ? .denySoftDisconnect("Too busy; please try again later") : .continue
    }
    // Twice a second: an idle server is hardly woken, and a loop that is late is noticed soon enough.
    var last = Plugin.monotonicClock
    var wasTooLate = false
    plugin.every(milliseconds: Lag.period) {
        let now = Plugin.monotonicClock
        lag.ticked(after: now - last)
        last = now
        // Also if it is a new limit that made the difference.
        if lag.isTooLate != wasTooLate { say(plugin, lag) }
        wasTooLate = lag.isTooLate
    }
}

/// Once when it begins and once when it ends: a line for each client would make a busy server busier.
private func say(_ plugin: Plugin, _ lag: Lag) {
    let (level, word): (LogLevel, String) = lag.isTooLate ? (.warn, "too busy") : (.notice, "busy no more")
    plugin.log(level, "\(word): the loop is \(Int64(lag.mean)) ms late in the mean, limit \(Int64(lag.limit)) ms")
}

private func limit(_ plugin: Plugin) throws(PluginError) -> Double {
    try maxLag(Value(plugin.config.value("toobusy.maxlag")))
}

private func changed(_ plugin: Plugin, _ lag: Lag) {
    do throws(PluginError) {
        lag.limit = try limit(plugin)
        plugin.log(.info, "toobusy.maxlag has changed: \(Int64(lag.limit)) ms")
    } catch {
        plugin.log(.error, "toobusy.maxlag stays as it was: \(error.cause)")
    }
}

// outbound.ini, as the queue and the deliveries take it.

import HarakaConfig
import HarakaNet
import HarakaQueue
import HarakaTLS

extension Configuration {
    func engineSettings(_ tls: ClientTLS) -> EngineSettings {
        var settings = EngineSettings(tls: tls)
        settings.outbound = outbound.settings
        settings.hostName = me
        settings.templates = templates
        settings.spoolDirectory = connection.spoolDir
        return settings
    }

    /// Haraka's files of texts for reports.
    static func readTemplates(from directory: ConfigDirectory) -> BounceTemplates {
        func text(_ name: String) -> String {
            (directory.get("outbound.bounce_message\(name)", .data).value.texts ?? []).joined(separator: "\n")
        }
        return BounceTemplates(message: text(""), html: text("_html"), image: text("_image"))
    }
}

extension OutboundFile {
    static func read(from directory: ConfigDirectory) -> (OutboundFile, [Diagnostic]) {
        read(from: directory, checkingIntervals: RetrySchedule.mistake(in:))
    }

    var settings: OutboundSettings {
        var settings = OutboundSettings()
        settings.isDisabled = disabled
        settings.alwaysSplits = alwaysSplit
        settings.usesTLS = enableTLS
        settings.allowsLocalMX = localMXOK
        settings.maxConcurrency = concurrencyMax
        settings.schedule =
            intervals.flatMap { OutboundFile.schedule($0) } ?? RetrySchedule(maxTempFailures: maxTempFailures)
        settings.schedules = domainIntervals.compactMapValues { OutboundFile.schedule($0) }
        settings.receivedText = receivedHeader
        settings.preferredFamily = OutboundSettings.AddressFamily(rawValue: inetPrefer.rawValue) ?? .any
        settings.maxReceived = maxReceived
        settings.crashLimit = crashLimit
        settings.minFreeDisk = minFreeDisk
        settings.writers = writers
        settings.tlsFailureMemory = tlsFailureMemory
        settings.concurrency.start = concurrency.start
        settings.concurrency.max = concurrency.max
        settings.concurrency.rest = concurrency.rest
        settings.concurrency.maxRest = concurrency.maxRest
        settings.concurrency.sites = concurrency.sites
        settings.connections.perHost = connections.perHost
        settings.connections.messages = connections.messages
        settings.connections.idle = connections.idle
        settings.timeouts.connect = timeouts.connect
        settings.timeouts.reply = timeouts.reply
        settings.timeouts.message = timeouts.message
        settings.reports.fullMessageLimit = reports.fullMessageLimit
        settings.reports.headerLimit = reports.headerLimit
        settings.reports.delayNotice = reports.delayNotice
        return settings
    }

    /// Mistakes have been found when the file was read.
    private static func schedule(_ text: String) -> RetrySchedule? { try? RetrySchedule(text) }
}

// outbound.ini, and the files that stood for keys of it.

import Testing

@testable import HarakaConfig

@Suite("outbound.ini")
struct OutboundFileTests {
    /// Stands for the grammar of another room: a `!` is a mistake.
    private static func mistake(in text: String) -> (offset: Int, expected: String)? {
        text.utf8.firstIndex(of: UInt8(ascii: "!")).map {
            (text.utf8.distance(from: text.utf8.startIndex, to: $0), "expected no !")
        }
    }

    private func read(_ text: String, _ others: [String: String] = [:]) -> (settings: OutboundFile, findings: [String])
    {
        let folder = TemporaryFolder()
        folder.write("outbound.ini", text)
        for (name, content) in others { folder.write(name, content) }
        let (settings, diagnostics) = OutboundFile.read(from: folder.directory, checkingIntervals: Self.mistake)
        return (settings, diagnostics.brief)
    }

    @Test("without a file all is as built in")
    func defaults() {
        let (settings, findings) = OutboundFile.read(
            from: TemporaryFolder().directory, checkingIntervals: Self.mistake)
        #expect(settings == OutboundFile())
        #expect(findings.isEmpty)
        #expect(!settings.disabled && !settings.alwaysSplit && settings.enableTLS && !settings.localMXOK)
        #expect(settings.concurrencyMax == 100)
        #expect(settings.maxTempFailures == 13)
        #expect(settings.receivedHeader == "Haraka outbound")
        #expect(settings.timeouts.connect == 30)
    }

    @Test("every key is read")
    func everyKey() {
        let (settings, findings) = read(
            """
            disabled=true
            always_split=yes
            enable_tls=false
            local_mx_ok=on
            concurrency_max=10000
            maxTempFailures=7
            temp_fail_intervals=1m, 5m*2
            received_header=by the moon
            connect_timeout=5
            inet_prefer=V6
            max_received=30
            crash_limit=0
            min_free_disk=0
            writers=4
            [schedule]
            Example.COM=1m
            [192.0.2.1]=2m
            localhost=none
            [concurrency]
            start=1
            max=3
            rest=7
            rest_max=70
            gmail.com=50
            localhost=1000
            [connections]
            per_host=9
            messages=0
            idle=0
            [timeout]
            reply=60
            message=61
            [bounce]
            full_message=0
            header=1000
            delay_notice=14400
            [tls]
            failure_memory=0
            """)
        var expected = OutboundFile()
        (expected.disabled, expected.alwaysSplit, expected.enableTLS, expected.localMXOK) = (true, true, false, true)
        (expected.concurrencyMax, expected.maxTempFailures, expected.intervals) = (10000, 7, "1m, 5m*2")
        (expected.receivedHeader, expected.inetPrefer, expected.maxReceived) = ("by the moon", .v6, 30)
        (expected.crashLimit, expected.minFreeDisk, expected.writers, expected.tlsFailureMemory) = (0, 0, 4, 0)
        expected.domainIntervals = ["example.com": "1m", "[192.0.2.1]": "2m", "localhost": "none"]
        (expected.concurrency.start, expected.concurrency.max) = (1, 3)
        (expected.concurrency.rest, expected.concurrency.maxRest) = (7, 70)
        expected.concurrency.sites = ["gmail.com": 50, "localhost": 1000]
        (expected.connections.perHost, expected.connections.messages, expected.connections.idle) = (9, 0, 0)
        (expected.timeouts.connect, expected.timeouts.reply, expected.timeouts.message) = (5, 60, 61)
        (expected.reports.fullMessageLimit, expected.reports.headerLimit) = (0, 1000)
        expected.reports.delayNotice = 14_400
        #expect(settings == expected)
        #expect(findings.isEmpty)
        #expect(settings.restartDifferences(from: OutboundFile()) == ["writers"])
        #expect(OutboundFile().restartDifferences(from: OutboundFile()) == [])
    }

    @Test("Haraka's former files count where outbound.ini has no such key")
    func formerFiles() {
        let former = [
            "outbound.disabled": "true", "outbound.enable_tls": "0", "outbound.temp_fail_intervals": "1h*2",
            "outbound.maxTempFailures": "5", "outbound.concurrency_max": "7", "outbound.received_header": "disabled",
        ]
        var expected = OutboundFile()
        (expected.disabled, expected.enableTLS, expected.intervals) = (true, false, "1h*2")
        (expected.maxTempFailures, expected.concurrencyMax, expected.receivedHeader) = (5, 7, nil)
        let (alone, findings) = read("", former)
        #expect(alone == expected)
        #expect(findings.isEmpty)
        let ini = "disabled=0\nenable_tls=1\ntemp_fail_intervals=2m\nmaxTempFailures=6\nconcurrency_max=8\n"
        let (both, more) = read(ini + "received_header=x\n", former)
        (expected.disabled, expected.enableTLS, expected.intervals) = (false, true, "2m")
        (expected.maxTempFailures, expected.concurrencyMax, expected.receivedHeader) = (6, 8, "x")
        #expect(both == expected)
        #expect(more.isEmpty)
    }

    @Test("mistakes in Haraka's former files are named, and the defaults count")
    func formerMistakes() {
        let (settings, findings) = read(
            "",
            [
                "outbound.disabled": "perhaps", "outbound.temp_fail_intervals": "# why\n1h!",
                "outbound.maxTempFailures": "0", "outbound.concurrency_max": "many",
            ])
        #expect(settings == OutboundFile())
        #expect(
            findings == [
                "1:1: error: this is \"perhaps\": expected true or false",
                "1:1: error: this is \"many\": expected a whole number, 1 to 100000",
                "1:1: error: this is \"0\": expected a whole number, 1 to 20",
                "2:1: error: this is \"1h!\": expected no !",
            ])
    }

    @Test("mistakes are named with their place, and the defaults count")
    func mistakes() {
        let (settings, findings) = read(
            """
            disabled=perhaps
            concurrency_max=0
            inet_prefer=v5
            temp_fail_intervals=1m, 2!
            conect_timeout=3
            queue_dir=/var/spool
            [schedule]
            example.com=5m,  1!m
            example.net
            .example.org=5m
            a@example.org=5m
            [concurrency]
            strat=3
            example.com=none
            [tls]
            no_tls_hosts[]=x
            [bounces]
            """, ["outbound.temp_fail_intervals": "1h"])
        #expect(settings == OutboundFile())
        #expect(
            findings == [
                "1:10: error: main.disabled is \"perhaps\": expected true or false",
                "2:17: error: main.concurrency_max is \"0\": expected a whole number, 1 to 100000",
                "3:13: error: main.inet_prefer is \"v5\": expected v4, v6, default",
                "4:26: error: main.temp_fail_intervals is \"1m, 2!\": expected no !",
                "5:1: warning: conect_timeout is no key of [main]; did you mean connect_timeout?",
                "6:1: warning: main.queue_dir is not used: it is now the file queue_dir",
                "8:19: error: schedule.example.com is \"5m,  1!m\": expected no !",
                "9:1: error: schedule.example.net has no single value: expected example.net=intervals, as in 1m, 5m*2",
                "10:1: error: \".example.org\" is no domain: expected one such as example.com",
                "11:1: error: \"a@example.org\" is no domain: expected one such as example.com",
                "13:1: warning: strat is no key of [concurrency]; did you mean start?",
                "14:13: error: concurrency.example.com is \"none\": expected a whole number, 1 to 100000",
                "16:1: warning: tls.no_tls_hosts is not used: it is now [outbound] no_tls_hosts of tls.ini",
                "17:1: warning: [bounces] is no section of this file; did you mean [bounce]?",
            ])
    }

    @Test("what cannot be meant is remarked upon")
    func contradictions() {
        let (settings, findings) = read("[concurrency]\nstart=30\nrest=700\n")
        #expect(settings.concurrency.start == 30)
        #expect(
            findings == [
                "2:1: warning: start is larger than max, which is 20: sites begin with 20",
                "3:1: warning: rest is larger than rest_max, which is 600: that is how long sites rest",
            ])
    }

    @Test("a schedule's key that is a list is a mistake")
    func lists() {
        let (settings, findings) = read("[schedule]\nexample.com[]=5m\n[concurrency]\nexample.com[]=5\n")
        #expect(settings == OutboundFile())
        #expect(findings.count == 2)
    }
}

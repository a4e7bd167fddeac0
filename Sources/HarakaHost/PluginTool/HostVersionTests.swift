// Group `load`, second half: hosts that are not this one.

import HarakaPluginABI
import HarakaPluginHost

enum HostVersionTests {
    static let all = [
        PluginTest(.load, "no_services", "copes with a host that has no optional services", noServices),
        PluginTest(.load, "newer_host", "works with a host whose table is longer", newerHost),
        PluginTest(.load, "older_host", "refuses or works with a host whose table is shorter", olderHost),
        PluginTest(.load, "foreign_host", "refuses a host of another ABI", foreignHost),
    ]

    /// `haraka_service` may answer NULL on any host: who cannot do without says so in its note.
    private static func noServices(_ run: TestRun) throws {
        let harness = Harness(run)
        harness.host.hostTable.pointee.service = { _ in nil }
        do throws(PluginLoadError) {
            try LoadTests.everyHook(harness)
        } catch {
            guard run.file.note?.needs.isEmpty ?? true else { return run.note("refuses to load, as its note says") }
            run.fail(
                "does not load without services, but its note names none: \(error.message)",
                "say HARAKA_NEEDS(\"...\"), or do without what haraka_service does not give")
        }
    }

    /// What was added is behind what this plugin knows of.
    private static func newerHost(_ run: TestRun) throws {
        let harness = Harness(run)
        harness.host.hostTable.pointee.size += 8 * MemoryLayout<UInt>.size
        harness.host.hostTable.pointee.abi_minor += 1
        do throws(PluginLoadError) {
            try LoadTests.everyHook(harness)
        } catch {
            run.fail(
                "does not load with a newer host: \(error.message)", "compare the table's size with <, not with !=")
        }
    }

    /// As HARAKA_REGISTER has it, such a host is refused; who looks at each member before its use may go on.
    private static func olderHost(_ run: TestRun) throws {
        let harness = Harness(run)
        let table = harness.host.hostTable
        table.pointee.size = MemoryLayout<haraka_host>.offset(of: \.service) ?? table.pointee.size
        table.pointee.service = nil
        table.pointee.config_watch = nil
        table.pointee.header_get_decoded = nil
        table.pointee.header_lines = nil
        table.pointee.auth_results = nil
        table.pointee.message_stream = nil
        table.pointee.stream_read = nil
        table.pointee.stream_close = nil
        table.pointee.user_config_get = nil
        table.pointee.process_title = nil
        table.pointee.ask_client = nil
        table.pointee.ask_hook = nil
        table.pointee.restart = nil
        if let minor = table.pointee.abi_minor as UInt32?, minor > 0 { table.pointee.abi_minor = minor - 1 }
        do throws(PluginLoadError) {
            try LoadTests.everyHook(harness)
        } catch {
            run.note("refuses a host whose table is shorter")
        }
    }

    /// The table of another ABI may have anything where this one has functions: only its size and numbers may be read.
    private static func foreignHost(_ run: TestRun) throws {
        let harness = Harness(run)
        harness.host.hostTable.pointee.abi_major = 9
        do throws(PluginLoadError) {
            harness.host.discard(try harness.build())
        } catch {
            return
        }
        run.fail(
            "registers with a host of plugin ABI 9.0",
            "begin haraka_register with haraka_attach, or write it with HARAKA_REGISTER")
    }
}

// The table that plugins get: each slot is a C function that finds the host, checks thread and handle, and does one
// thing.
//
// The files Table+<area> hold the functions. Every one of them may be called with anything: a stale handle, a NULL
// pointer, from a foreign thread. None may trap, and none may call plugin code before it returns.

import HarakaCore
import HarakaPluginABI

extension PluginHost {
    /// The host, if the caller is on its loop.
    static func onLoop() -> PluginHost? {
        guard let host = shared, host.loop.isCurrent else { return nil }
        return host
    }

    /// What a function that wants the loop answers elsewhere.
    static var offLoop: Int32 { shared == nil ? HARAKA_E_REVOKED : HARAKA_E_WRONG_THREAD }

    /// A plugin's view by its `self`; nil: stale or forged.
    func view(_ me: haraka_self) -> PluginView? {
        let handle = Handle(bits: me.bits)
        guard handle.kind == .plugin else { return nil }
        return plugins.find(Handle(.plugin, slot: handle.slot, sequence: handle.sequence).bits)?.view(me.bits)
    }

    func badHandle(_ what: StaticString) -> Int32 {
        let plugin = frame?.plugin.name ?? "core"
        warn(HARAKA_LOG_ERROR, plugin, "-", "\(plugin) used a \(what) handle that names nothing (any more)")
        return HARAKA_E_HANDLE
    }

    /// A handle of an object of any kind.
    func badObject(_ object: haraka_object) -> Int32 {
        badHandle(Handle(bits: object.bits).kind == .hmail ? "mail" : "connection or transaction")
    }

    func fillTable() {
        table.pointee.size = MemoryLayout<haraka_host>.size
        table.pointee.abi_major = UInt32(HARAKA_ABI_MAJOR)
        table.pointee.abi_minor = UInt32(HARAKA_ABI_MINOR)
        table.pointee.version = versionText
        fillRegistration()
        fillAnswers()
        fillAsking()
        fillLog()
        fillConfiguration()
        fillObjects()
        fillNotes()
        fillResults()
        fillMessages()
        fillStreams()
        fillWork()
        table.pointee.service = { name in
            switch name.text {
            case "regex/1": UnsafeRawPointer(RegexService.table)
            case "body/1": UnsafeRawPointer(BodyService.table)
            case "digest/1": UnsafeRawPointer(DigestService.table)
            case "tls/1": UnsafeRawPointer(TLSService.table)
            case "dns/1": PluginHost.shared?.hasResolver == true ? UnsafeRawPointer(DNSService.table) : nil
            case "domains/1": UnsafeRawPointer(DomainsService.table)
            case "outbound/1": PluginHost.shared?.hasOutbound == true ? UnsafeRawPointer(OutboundService.table) : nil
            case "smtp_client/1":
                PluginHost.shared?.hasSMTPClients == true ? UnsafeRawPointer(SMTPClientService.table) : nil
            default: nil
            }
        }
    }

    /// What a handle of any kind stands for.
    enum ObjectReference {
        case server
        case connection(ConnectionState)
        case transaction(TransactionState)
        case hmail(HMailState)
    }

    func object(_ object: haraka_object) -> ObjectReference? {
        if object.bits == 0 { return .server }
        switch Handle(bits: object.bits).kind {
        case .connection: return connections.find(object.bits).map(ObjectReference.connection)
        case .transaction: return transactions.find(object.bits).map(ObjectReference.transaction)
        case .hmail: return hmails.find(object.bits).map(ObjectReference.hmail)
        default: return nil
        }
    }
}

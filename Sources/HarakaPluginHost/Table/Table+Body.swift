// The body/1 service: parts, and who wants the body while it comes in. plugin.h "body/1".

import HarakaCore
import HarakaPluginABI
import MailMessage

/// The table of body/1, made once. All its functions are for the loop.
enum BodyService {
    /// A banner, text and html each.
    static let maximumBanner = 64 * 1024

    nonisolated(unsafe) static let table: UnsafeMutablePointer<haraka_body_1> = {
        let table = UnsafeMutablePointer<haraka_body_1>.allocate(capacity: 1)
        table.initialize(to: haraka_body_1())
        table.pointee.size = MemoryLayout<haraka_body_1>.size
        fillParts(table)
        fillFamily(table)
        fillReading(table)
        fillHandlers(table)
        fillWords(table)
        return table
    }()

    private static func fillParts(_ table: UnsafeMutablePointer<haraka_body_1>) {
        table.pointee.root = { transaction, out in
            BodyService.withTransaction(transaction) { host, state in
                BodyService.part(0, of: state.bodyState, out)
            }
        }
        table.pointee.part = { transaction, index, out in
            BodyService.withTransaction(transaction) { host, state in
                BodyService.part(index, of: state.bodyState, out)
            }
        }
    }

    private static func fillFamily(_ table: UnsafeMutablePointer<haraka_body_1>) {
        table.pointee.child = { part, number, out in
            BodyService.withPart(part) { host, body, part in
                guard let out else { return HARAKA_E_ARGUMENT }
                out.pointee = haraka_part()
                guard part.children.indices.contains(number) else { return HARAKA_E_ABSENT }
                out.pointee = body.handle(of: part.children[number])
                return HARAKA_SUCCESS
            }
        }
        table.pointee.parent = { part, out in
            BodyService.withPart(part) { host, body, part in
                guard let out else { return HARAKA_E_ARGUMENT }
                out.pointee = part.parent.map { body.handle(of: $0) } ?? haraka_part()
                return part.parent == nil ? HARAKA_E_ABSENT : HARAKA_SUCCESS
            }
        }
    }

    private static func fillReading(_ table: UnsafeMutablePointer<haraka_body_1>) {
        table.pointee.get = { part, property, out in
            BodyService.withPart(part) { host, body, part in
                guard let out else { return HARAKA_E_ARGUMENT }
                return host.lend(part.property(property), out)
            }
        }
        table.pointee.header_get = { part, name, decoded, out in
            BodyService.withPart(part) { host, body, part in
                guard let out, let name = name.text, !name.isEmpty else { return HARAKA_E_ARGUMENT }
                let values = try body.headerValues(name, of: part, isDecoded: decoded != 0)
                out.pointee = host.arena.lend(Value.list(values.map(Value.text)))
                return values.isEmpty ? HARAKA_E_ABSENT : HARAKA_SUCCESS
            }
        }
        table.pointee.open = { part, form, out in
            BodyService.withPart(part) { host, body, part in
                guard let out, let plugin = host.frame?.plugin, let steps = PartForm.steps(form, of: part.facts) else {
                    return HARAKA_E_ARGUMENT
                }
                guard form == HARAKA_PART_RAW || !part.facts.isMultipart else { return HARAKA_E_TYPE }
                guard let view = try body.transaction.content?.snapshot() else { return HARAKA_E_STATE }
                let range = part.content.moved(by: view.bodyStart)
                return host.open(MessageStream(view, range, steps: steps), for: plugin.handle.bits, out)
            }
        }
    }

    private static func fillHandlers(_ table: UnsafeMutablePointer<haraka_body_1>) {
        table.pointee.attachments = { me, transaction, source in
            BodyService.register(me, transaction) { host, plugin, state in
                guard let handler = PluginAttachments(source, plugin, host, transaction) else {
                    return HARAKA_E_ARGUMENT
                }
                guard state.bodyState.add(handler) else { return HARAKA_E_LIMIT }
                state.transaction.body.observers.append(handler)
                return HARAKA_SUCCESS
            }
        }
        table.pointee.filter = { me, transaction, source in
            BodyService.register(me, transaction) { host, plugin, state in
                guard let handler = PluginFilter(source, plugin, host, transaction) else { return HARAKA_E_ARGUMENT }
                guard state.bodyState.add(handler) else { return HARAKA_E_LIMIT }
                state.transaction.body.filters.append(handler)
                return HARAKA_SUCCESS
            }
        }
    }

    private static func fillWords(_ table: UnsafeMutablePointer<haraka_body_1>) {
        table.pointee.banner = { transaction, text, html in
            BodyService.withTransaction(transaction) { host, state in
                guard let text = text.text, let html = html.text else { return HARAKA_E_ARGUMENT }
                guard max(text.utf8.count, html.utf8.count) <= BodyService.maximumBanner else { return HARAKA_E_LIMIT }
                guard state.transaction.content?.hasBegunBody != true else { return HARAKA_E_STATE }
                state.transaction.body.banner =
                    text.isEmpty && html.isEmpty ? nil : Banner(text: text, html: html)
                return HARAKA_SUCCESS
            }
        }
        table.pointee.emit = { output, bytes in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let open = host.output, open.bits == output.bits else { return host.badHandle("filter output") }
            guard let bytes = bytes.wholeBytes else { return HARAKA_E_ARGUMENT }
            return open.filter.give(bytes)
        }
    }
}

extension BodyService {
    private static func withTransaction(
        _ transaction: haraka_transaction, _ body: (PluginHost, TransactionState) -> Int32
    ) -> Int32 {
        guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
        guard let state = host.transactions.find(transaction.bits) else { return host.badHandle("transaction") }
        return body(host, state)
    }

    /// For what must be said before the body begins. What is refused has taken nothing.
    private static func register(
        _ me: haraka_self, _ transaction: haraka_transaction,
        _ body: (PluginHost, Plugin, TransactionState) -> Int32
    ) -> Int32 {
        PluginHost.withPlugin(me) { host, plugin in
            guard let state = host.transactions.find(transaction.bits) else { return host.badHandle("transaction") }
            guard state.transaction.content?.hasBegunBody != true else { return HARAKA_E_STATE }
            return body(host, plugin, state)
        }
    }

    /// Zero in `out` if there is no such part.
    private static func part(_ index: Int, of body: PluginBody, _ out: UnsafeMutablePointer<haraka_part>?) -> Int32 {
        guard let out else { return HARAKA_E_ARGUMENT }
        out.pointee = haraka_part()
        do {
            let parts = try body.tree().parts
            guard parts.indices.contains(index) else { return HARAKA_E_ABSENT }
            guard index <= PartHandle.maximumIndex else { return HARAKA_E_LIMIT }
            out.pointee = body.handle(of: index)
            return HARAKA_SUCCESS
        } catch {
            return body.status(error)
        }
    }

    private static func withPart(
        _ part: haraka_part, _ work: (PluginHost, PluginBody, BodyTree.Part) throws -> Int32
    ) -> Int32 {
        guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
        guard let handle = PartHandle(bits: part.bits), let body = host.bodies[handle.body] else {
            return host.badHandle("part")
        }
        do {
            let parts = try body.tree().parts
            guard parts.indices.contains(handle.index) else { return host.badHandle("part") }
            return try work(host, body, parts[handle.index])
        } catch {
            return body.status(error)
        }
    }
}

/// In what form a part is read.
private enum PartForm {
    /// Nil: no such form.
    static func steps(_ form: Int32, of part: PartFacts) -> [any StreamStep]? {
        switch form {
        case HARAKA_PART_RAW: []
        case HARAKA_PART_DECODED: [TransferStep(part.encoding)]
        case HARAKA_PART_TEXT: [TransferStep(part.encoding), CharsetStep(part.charset)]
        default: nil
        }
    }
}

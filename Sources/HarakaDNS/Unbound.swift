// libunbound: a context, and the thread that waits for its answers. unbound.h.

import CUnbound
import Glibc
import HarakaCore
import Synchronization

/// What comes from the resolver's thread.
enum Report: Sendable {
    /// The question with this number has ended. False: no server has said anything useful.
    case answer(UInt64, Finding, isHeard: Bool)
    /// A server has answered the probe.
    case sign
}

/// One libunbound context with two threads: libunbound's own, which speaks to servers, and one that waits for it.
///
/// NIO cannot watch a descriptor that is not its own, and libunbound wants to read from its pipe itself. So a thread
/// sleeps on the pipe, has libunbound call back, makes Swift values of what came, and posts them. `ask` and `cancel`
/// may be called from one other thread; libunbound's lock serves both.
final class Unbound: @unchecked Sendable {
    private enum Order { case probe, close }

    /// Who is asked; empty: the authoritative servers.
    let forwarders: [String]
    private let context: OpaquePointer
    private let orders = Mutex<[Order]>([])
    private let bell: CInt
    private let post: @Sendable ([Report]) -> Void
    private var thread = pthread_t()
    // Of the thread:
    private var probe: Probe
    private var reports: [Report] = []

    /// Nil: the system has no memory, thread or descriptor for it.
    init?(_ options: UnboundOptions, post: @escaping @Sendable ([Report]) -> Void) {
        guard let context = ub_ctx_create() else { return nil }
        bell = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
        self.context = context
        self.post = post
        forwarders = options.forwarders
        probe = Probe(options.probed)
        options.apply(to: context)
        guard bell >= 0, startThread() else {
            if bell >= 0 { Glibc.close(bell) }
            ub_ctx_delete(context)
            return nil
        }
    }

    private func startThread() -> Bool {
        // The thread has the object for as long as it runs.
        let itself = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, nil,
            { itself in
                let unbound = itself.map { Unmanaged<Unbound>.fromOpaque($0).takeRetainedValue() }
                unbound?.run()
                return nil
            }, itself.toOpaque())
        if status != 0 { itself.release() }
        return status == 0
    }

    // MARK: from the loop

    /// A question under way.
    final class Asked {
        fileprivate let unbound: Unbound
        fileprivate let question: NameQuestion
        fileprivate let serial: UInt64
        fileprivate var number: CInt = 0

        fileprivate init(_ unbound: Unbound, _ question: NameQuestion, _ serial: UInt64) {
            self.unbound = unbound
            self.question = question
            self.serial = serial
        }

        /// There will be no report of it, unless one is on its way.
        func cancel() {
            // When libunbound does not know it any more, its callback has the reference.
            if ub_cancel(unbound.context, number) == 0 { Unmanaged.passUnretained(self).release() }
        }
    }

    /// Nil: libunbound does not take the question.
    func ask(_ question: NameQuestion, _ serial: UInt64) -> Asked? {
        let asked = Asked(self, question, serial)
        let reference = Unmanaged.passRetained(asked)
        // The name as libunbound has it stands for the whole name with a dot at its end.
        let status = ub_resolve_async(
            context, question.name, CInt(question.type), 1, reference.toOpaque(), Unbound.answered, &asked.number)
        guard status == 0 else {
            reference.release()
            return nil
        }
        return asked
    }

    /// Asks the servers for a sign of life, once.
    func askForSign() { order(.probe) }

    /// Ends both threads. All questions have been cancelled. Takes no longer than they need to see it: what is asked of
    /// servers is dropped.
    func close() {
        order(.close)
        pthread_join(thread, nil)
    }

    private func order(_ order: Order) {
        orders.withLock { $0.append(order) }
        eventfd_write(bell, 1)
    }

    // MARK: on the thread

    private func run() {
        blockSignals()
        while carryOut() {
            let descriptors = [ub_fd(context), bell] + probe.sockets
            var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&polled, nfds_t(polled.count), -1) > 0 else { continue }
            if polled[0].revents != 0 { ub_process(context) }
            for socket in polled[2...] where socket.revents != 0 && probe.hasAnswer(socket.fd) { reports.append(.sign) }
            guard !reports.isEmpty else { continue }
            post(reports)
            reports = []
        }
        probe.end()
        ub_ctx_delete(context)
        Glibc.close(bell)
    }

    /// False: the end.
    private func carryOut() -> Bool {
        var count: eventfd_t = 0
        eventfd_read(bell, &count)
        for order in orders.withLock({ orders in
            defer { orders = [] }
            return orders
        }) {
            switch order {
            case .probe: probe.ask()
            case .close: return false
            }
        }
        return true
    }

    /// Signals are for other threads; those of a crash come to the thread that crashes.
    private func blockSignals() {
        var signals = sigset_t()
        sigfillset(&signals)
        for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS] { sigdelset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    private static let answered: ub_callback_type = { reference, error, result in
        defer { ub_resolve_free(result) }
        guard let reference else { return }
        let asked = Unmanaged<Asked>.fromOpaque(reference).takeRetainedValue()
        guard error == 0, let result else {
            let reason = ub_strerror(error).map { String(cString: $0) } ?? "error \(error)"
            let finding = Finding(NameAnswer(asked.question, .failed, reason: reason))
            return asked.unbound.reports.append(.answer(asked.serial, finding, isHeard: false))
        }
        let finding = Finding(asked.question, result.pointee)
        // libunbound says SERVFAIL also when nobody has answered it.
        let isHeard = finding.answer.status != .failed
        asked.unbound.reports.append(.answer(asked.serial, finding, isHeard: isHeard))
    }
}

// One worker as its supervisor sees it.

import CHarakaFault
import Glibc
import HarakaSupervisor

/// A worker process, or in `nodes=0` the worker inside this process.
final class WorkerHandle {
    enum State: String {
        /// Started; it has not loaded its plugins yet.
        case starting
        /// Takes clients (or, for the delivery worker, works).
        case serving
        /// Finishes what it has begun, then ends.
        case draining
    }

    let id: WorkerID
    let link: Link
    /// 0: this process.
    let process: pid_t
    let page: UnsafeMutablePointer<haraka_fault_page>
    let startedAt = PollLoop.now()
    var state = State.starting
    /// The plugin set that it was told to prepare, and the one that it uses.
    var preparing: Int?
    var generation: Int?
    /// It was asked to end: its end is none that anybody is to blame for.
    var mayEnd = false
    /// Questions to it that are not answered yet.
    var questions: [String: (String?) -> Void] = [:]
    /// Takes its place: the one that goes when this one serves.
    var replaces: WorkerHandle?

    init(
        _ id: WorkerID, link: Link, process: pid_t, page: UnsafeMutablePointer<haraka_fault_page>
    ) {
        self.id = id
        self.link = link
        self.process = process
        self.page = page
    }

    deinit { haraka_fault_page_unmap(page) }

    var name: String { process == 0 ? "the server" : "\(id.name) (process \(process))" }

    func kill(_ signal: Int32) {
        if process > 0 { Glibc.kill(process, signal) }
    }
}

// Frames of jobs: plugin code on pool threads.

import CHarakaFault
import Glibc

extension FaultFrames {
    /// Whether this thread has a stack for its signal handler.
    private static let key: pthread_key_t? = {
        var key = pthread_key_t()
        return pthread_key_create(&key, nil) == 0 ? key : nil
    }()

    /// Runs a job's work on the calling thread, with a frame of its own. Any thread.
    func runJob(_ plugin: UInt32, _ work: () -> Void) {
        if isInstalled { prepareThread() }
        let frame = haraka_fault_job_begins(page, plugin, entrances[Entrance.work.rawValue])
        work()
        haraka_fault_job_ends(page, frame)
    }

    /// Once per thread.
    private func prepareThread() {
        guard let key = FaultFrames.key, pthread_getspecific(key) == nil else { return }
        _ = haraka_fault_thread_begins()
        pthread_setspecific(key, UnsafeRawPointer(page))
    }
}

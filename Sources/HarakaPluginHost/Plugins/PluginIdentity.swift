// What other threads may know of a plugin.

import Glibc
import HarakaPluginABI
import Synchronization

/// A plugin's name, whether it is over, and what other threads have posted for it.
final class PluginIdentity: Sendable {
    let name: String
    /// The name where C can read it, for as long as this lives.
    nonisolated(unsafe) let nameText: haraka_str
    let isRevoked = Atomic<Bool>(false)
    /// Posts that are on their way to the loop: the plugin's code must stay until they are through.
    private let posts = Atomic<Int>(0)

    init(_ name: String) {
        self.name = name
        nameText = haraka_str(ptr: strdup(name), len: name.utf8.count)
    }

    deinit { free(UnsafeMutablePointer(mutating: nameText.ptr)) }

    /// False: the plugin is over. Counted first and asked then, while `hasNoPosts` looks at the two the other way
    /// round: so a post either is refused or is seen.
    func beginPost() -> Bool {
        posts.add(1, ordering: .sequentiallyConsistent)
        guard isRevoked.load(ordering: .sequentiallyConsistent) else { return true }
        endPost()
        return false
    }

    func endPost() { posts.subtract(1, ordering: .sequentiallyConsistent) }

    /// Nothing is on its way, and nothing will be.
    var hasNoPosts: Bool {
        isRevoked.load(ordering: .sequentiallyConsistent) && posts.load(ordering: .sequentiallyConsistent) == 0
    }
}

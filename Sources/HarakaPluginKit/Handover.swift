// Contexts of callbacks on their way to the host, and services that it may offer.
import CHarakaPluginKit

/// Gives a retained object to the host as the context of a callback whose `destroy` is ``releaseKept``. A call that is refused
/// has taken nothing, so it is let go here.
func handOver(_ object: AnyObject, _ give: (UnsafeMutableRawPointer) -> Int32) -> Int32 {
    let context = Unmanaged.passRetained(object).toOpaque()
    let status = give(context)
    if status < 0 { releaseKept(context) }
    return status
}

/// A service's table; nil if this host does not offer it.
func service<Table>(_ name: String, _: Table.Type) -> UnsafePointer<Table>? {
    name.lent { haraka_kit_host().pointee.service($0) }?.assumingMemoryBound(to: Table.self)
}

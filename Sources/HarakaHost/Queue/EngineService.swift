// The engine answers the commands.

import HarakaNet
import HarakaPluginHost
import HarakaQueue

/// What `haraka queue` and the flags ask.
final class EngineService: QueueService {
    private let engine: OutboundEngine

    init(_ engine: OutboundEngine) { self.engine = engine }

    func ready(_ done: @escaping (QueueRefusal?) -> Void) {
        engine.whenReady { done($0.map { QueueRefusal($0) }) }
    }

    func list(_ filter: QueueFilter, _ done: @escaping ([QueueRow]) -> Void) { done(engine.list(filter)) }

    func act(_ action: QueueAction, _ filter: QueueFilter, _ done: @escaping (Result<Int, QueueRefusal>) -> Void) {
        engine.act(action.forEngine, filter) { done(.success($0)) }
    }

    func stats(_ done: @escaping (QueueStats) -> Void) { done(engine.stats) }
}

extension QueueAction {
    fileprivate var forEngine: HarakaPluginHost.QueueAction {
        switch self {
        case .retry: .retry
        case .hold: .hold
        case .release: .release
        case .delete: .delete
        case .bounce: .bounce
        }
    }
}

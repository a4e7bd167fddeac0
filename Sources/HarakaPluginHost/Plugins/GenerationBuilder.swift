// A new generation, plugin by plugin, in the shadow. docs/plugin-abi.md items 21, 22.

import HarakaCore
import HarakaPluginABI

/// Maps and registers what was prepared, one plugin per step, so that clients wait for no more than one. On the loop.
final class GenerationBuilder {
    private unowned let host: PluginHost
    let generation: Generation
    let prepared: PreparedPlugins
    private var rest: ArraySlice<PreparedPlugins.Place>
    /// Who is told when it goes by itself.
    fileprivate let completion: ((Result<Generation, PluginLoadError>) -> Void)?

    fileprivate init(
        _ host: PluginHost, _ generation: Generation, _ prepared: PreparedPlugins,
        _ completion: ((Result<Generation, PluginLoadError>) -> Void)?
    ) {
        self.host = host
        self.generation = generation
        self.prepared = prepared
        self.completion = completion
        rest = prepared.places[...]
    }

    /// Loads one plugin. False: that was the last. Throws if it refuses and must not be left out.
    fileprivate func step() throws(PluginLoadError) -> Bool {
        guard let place = rest.popFirst() else { return false }
        do throws(PluginLoadError) {
            try load(place)
            generation.names.append(place.name)
        } catch {
            guard prepared.ignoresBad else { throw error }
            host.drop(place.name, from: generation)
            host.warn(HARAKA_LOG_CRIT, "core", "-", "\(error); skipped because of ignore_bad_plugins")
        }
        return !rest.isEmpty
    }

    private func load(_ place: PreparedPlugins.Place) throws(PluginLoadError) {
        switch place {
        case .plugin(let sealed):
            let object = try host.object(sealed, in: generation)
            try host.register(object, in: generation, timeout: prepared.timeouts[sealed.name] ?? 30)
        case .standIn(let standIn): try host.register(standIn, in: generation)
        }
    }
}

extension PluginHost {
    /// Maps and registers all plugins of `prepared` as a new generation, in the shadow: nobody uses it yet. On the
    /// loop, which stands still meanwhile; for a server that serves see ``build(_:then:)``. Throws if one refuses; what
    /// was registered until then is shut down and revoked.
    public func build(_ prepared: PreparedPlugins) throws(PluginLoadError) -> Generation {
        let builder = try begin(prepared, nil)
        do throws(PluginLoadError) {
            while try builder.step() {}
        } catch {
            abandon(builder)
            throw error
        }
        return finish(builder)
    }

    /// The same, one plugin per turn of the loop. `then` is called on the loop, once: with the generation, or with why
    /// there is none. One build at a time; ``stop(within:then:)`` ends one that is under way with an error.
    public func build(_ prepared: PreparedPlugins, then: @escaping (Result<Generation, PluginLoadError>) -> Void) {
        do throws(PluginLoadError) {
            goOn(try begin(prepared, then))
        } catch {
            then(.failure(error))
        }
    }

    private func begin(
        _ prepared: PreparedPlugins, _ completion: ((Result<Generation, PluginLoadError>) -> Void)?
    ) throws(PluginLoadError) -> GenerationBuilder {
        guard !isStopping else { throw PluginLoadError("", "the server is stopping") }
        guard builder == nil else { throw PluginLoadError("", "plugins are being loaded already") }
        lastNumber += 1
        let made = GenerationBuilder(self, Generation(number: lastNumber), prepared, completion)
        builder = made
        return made
    }

    private func goOn(_ builder: GenerationBuilder) {
        nonisolated(unsafe) let builder = builder
        loop.afterSockets { [self] in
            // Somebody has ended it meanwhile.
            guard self.builder === builder else { return }
            do throws(PluginLoadError) {
                guard try builder.step() else {
                    builder.completion?(.success(finish(builder)))
                    return
                }
                goOn(builder)
            } catch {
                abandon(builder)
                builder.completion?(.failure(error))
            }
        }
    }

    private func finish(_ builder: GenerationBuilder) -> Generation {
        self.builder = nil
        builder.generation.setRoles(builder.prepared.roles)
        if builder.generation.allPlugins.count > builder.generation.plugins.count { unload(builder.generation) }
        return builder.generation
    }

    /// A plugin refused, or nobody wants the generation: who was registering is revoked; those before it are shut down.
    private func abandon(_ builder: GenerationBuilder) {
        self.builder = nil
        let generation = builder.generation
        for plugin in generation.plugins where !plugin.hasRegistered { revoke(plugin, quietly: true) }
        generation.plugins.removeAll { !$0.hasRegistered }
        settleIfOutside()
        discard(generation)
    }

    /// Ends a build that is under way.
    func cancelBuild(_ reason: String) {
        guard let builder else { return }
        abandon(builder)
        builder.completion?(.failure(PluginLoadError("", reason)))
    }

    /// Takes one plugin out of a generation that is being built.
    fileprivate func drop(_ name: String, from generation: Generation) {
        for plugin in generation.plugins where plugin.name == name {
            revoke(plugin, quietly: true)
            generation.hooks.remove(plugin)
        }
        generation.plugins.removeAll { $0.name == name }
        settleIfOutside()
    }
}

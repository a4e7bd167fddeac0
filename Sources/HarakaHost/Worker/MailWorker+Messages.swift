// What the supervisor tells a worker, and what it answers.

import HarakaCore
import HarakaNet
import HarakaPluginHost
import NIOCore

extension MailWorker {
    /// On the link's thread. True: that was the last message.
    func take(_ delivery: LinkDelivery) -> Bool {
        let fields = delivery.fields
        switch delivery.verb {
        case "tickets": ticketKeys(fields)
        case "queue_answer": loop.execute { [self] in remoteQueue?.answered(fields) }
        case "hints": hints(delivery.descriptors)
        case "prepare": prepare(fields, delivery.descriptors)
        case "commit": commit(MailWorker.number(fields))
        case "abort": abort(MailWorker.number(fields))
        case "listen": listen()
        case "config": configurationChanged(fields)
        case "status": status(fields.first ?? "")
        case "queue": queue(fields)
        case "drain":
            end(drainFor: (Double(fields.first ?? "") ?? 30) - 5, grace: 5)
            return true
        case "stop":
            end(drainFor: 0, grace: Double(fields.first ?? "") ?? 3)
            return true
        default: log.log(3, uuid: "-", origin: "core", "the supervisor said what nobody understands: \(delivery.verb)")
        }
        return false
    }

    private static func number(_ fields: [String]) -> Int { fields.first.flatMap { Int($0) } ?? 0 }

    // MARK: loading

    /// Reading the files happens here, off the loop; mapping and registering on the loop, one plugin per turn.
    private func prepare(_ fields: [String], _ descriptors: [Int32]) {
        let number = MailWorker.number(fields)
        guard let manifest = PluginManifest(fields: Array(fields.dropFirst()), descriptors: descriptors) else {
            return say("refused", ["\(number)", "the list of plugins was damaged on its way"])
        }
        do {
            let prepared = try PreparedPlugins(manifest)
            loop.execute { [self] in build(number, prepared) }
        } catch {
            say("refused", ["\(number)", "\(error)"])
        }
    }

    private func build(_ number: Int, _ prepared: PreparedPlugins) {
        host.build(prepared, number: number) { [self] result in
            switch result {
            case .failure(let error): say("refused", ["\(number)", "\(error)"])
            case .success(let generation): initialize(number, generation)
            }
        }
    }

    private func initialize(_ number: Int, _ generation: Generation) {
        let hook = start.isMaster ? Hook.initMaster : .initChild
        let verdict = host.askServer(hook, of: generation)
        guard verdict.code == .cont || verdict.code == .ok else {
            host.discard(generation)
            return say("refused", ["\(number)", "\(hook.name) returned error: \(verdict.reply.text)"])
        }
        if !start.isMaster { _ = host.askServer(.postFork, of: generation) }
        built = (number, generation)
        say("prepared", ["\(number)"] + hooks(of: generation))
    }

    /// For each plugin its name and the hooks that it has registered.
    private func hooks(of generation: Generation) -> [String] {
        var found: [String: [String]] = [:]
        for hook in generation.summary {
            for row in hook.rows where found[row.plugin]?.last != hook.hook {
                found[row.plugin, default: []].append(hook.hook)
            }
        }
        return generation.names.flatMap { [$0, (found[$0] ?? []).joined(separator: " ")] }
    }

    private func commit(_ number: Int) {
        loop.execute { [self] in
            guard let built, built.number == number else { return }
            self.built = nil
            host.commit(built.generation)
            log.intercept(host)
            say("committed", ["\(number)"])
        }
    }

    private func abort(_ number: Int) {
        loop.execute { [self] in
            guard let built, built.number == number else { return }
            self.built = nil
            host.discard(built.generation)
        }
    }

    // MARK: serving

    private func listen() {
        let roles = configuration.listenerRoles
        let opened = start.listeners.map { listener in
            server.listen(listener.descriptor, as: roles.first { $0.name == listener.role } ?? configuration.mainRole)
        }
        EventLoopFuture.andAllSucceed(opened, on: loop).whenComplete { [self] result in
            if case .failure(let error) = result {
                log.log(2, uuid: "-", origin: "core", "cannot take clients: \(error)")
            }
            server.startAccepting()
            queue?.start()
            say("listening")
        }
    }

    private func status(_ question: String) {
        loop.execute { [self] in
            let value = WorkerStatus(host.status(), connections: server.sessionCount).value
            say("answer", [question, value.json()])
        }
    }
}

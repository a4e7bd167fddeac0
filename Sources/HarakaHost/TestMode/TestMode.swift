// `haraka -c DIR -t PLUGIN`: one made-up client, each hook asked once, everything logged. docs/command-line.md "Test
// mode".

import Glibc
import HarakaConfig
import HarakaCore
import HarakaLog
import HarakaPluginHost
import SMTPSyntax

/// On the main thread, which is the loop.
final class TestMode {
    private let options: TestOptions
    private let folder: Folder
    private let loop = CheckLoop()
    private let logger = Logger(level: .protocol, format: .default, timestamps: false, descriptor: 1)
    private let host: PluginHost

    /// Exit status 0: it went through, whatever the plugins said.
    static func run(_ folder: Folder, _ options: TestOptions) throws -> Int32 {
        // Before the change of folder: a relative name is the caller's.
        let content = try TestMode.message(options)
        guard chdir(folder.path) == 0 else { throw CommandError("cannot enter \(folder.path): \(errnoText())") }
        let mode = TestMode(folder, options)
        defer { mode.logger.close() }
        try mode.run(content)
        return 0
    }

    private init(_ folder: Folder, _ options: TestOptions) {
        self.folder = folder
        self.options = options
        host = PluginHost(
            loop: loop, log: HostLog(logger), configuration: PluginFiles(folder: folder), roots: folder.pluginRoots,
            version: "Haraka for Swift \(Version.number)")
    }

    private func run(_ content: [UInt8]) throws {
        let sender = try address(options.envfrom, "--envfrom")
        let recipient = try address(options.envrcpt, "--envrcpt")
        let generation = try load()
        let client = TestClient(options, host: readMe(from: folder.coreDirectory).name)
        host.begin(client)
        for question in questions(sender, recipient) {
            client.prepare(question, content)
            let goesOn = say(question, ask(client, question))
            if case .dataPost = question, options.dumpMime { dumpParts(client) }
            if case .dataPost = question, options.dumpStream { dump(client) }
            guard goesOn || options.skipDeny else { break }
        }
        _ = say(.quit, ask(client, .quit))
        end(client, generation)
    }

    // MARK: beginning and end

    private func load() throws -> Generation {
        let names =
            options.test.contains("all") ? readPluginList(from: folder.coreDirectory).plugins.map(\.name) : options.test
        let generation: Generation
        do {
            let prepared = try PluginLoader(roots: folder.pluginRoots).prepare(names) { name in
                readPluginTimeout(from: folder.configDirectory(ofPlugin: name), plugin: name).seconds
            }
            for notice in prepared.notices { log(notice.text) }
            generation = try host.build(prepared)
        } catch {
            throw CommandError("\(error)")
        }
        // Plugins get ready in these, as at a server's start.
        for hook in [Hook.initMaster, .initChild, .postFork] { _ = host.askServer(hook, of: generation) }
        host.commit(generation)
        return generation
    }

    private func end(_ client: TestClient, _ generation: Generation) {
        client.connection.transaction = nil
        host.end(client.connection)
        var isDone = false
        host.stop(within: 5000) { isDone = true }
        loop.run(atMost: 6000) { isDone && loop.isIdle }
        logger.flush()
    }

    // MARK: hooks

    /// Haraka's order.
    private func questions(_ sender: Address, _ recipient: Address) -> [Question] {
        let hello: Question = options.helo.map { .helo($0) } ?? .ehlo(options.ehlo ?? "test.example.com")
        return [
            .connect, hello, .mail(PathArguments(address: sender, parameters: [])),
            .rcpt(PathArguments(address: recipient, parameters: [])), .data, .dataPost, .queue,
            .queueOK("Message Queued"),
        ]
    }

    private func ask(_ client: TestClient, _ question: Question) -> Verdict {
        client.late = nil
        if let verdict = host.ask(question, client.connection) { return verdict }
        // The host gives up on each plugin when its time is over; one without a limit is waited for.
        loop.run(atMost: 1 << 40) { client.late != nil }
        return client.late ?? .cont
    }

    /// Logs the verdict. False: it is a refusal, or something else that ends the session.
    private func say(_ question: Question, _ verdict: Verdict) -> Bool {
        let words = verdict.reply.isEmpty ? "" : " \"\(verdict.reply.text)\""
        log("hook \(question.hook?.name ?? ""): \(verdict.code.name)\(words)")
        return verdict.code == .ok || verdict.code == .cont
    }

    private func log(_ text: String) { logger.log(.notice, text) }

    // MARK: the message

    private func address(_ text: String, _ option: String) throws -> Address {
        let path = text.hasPrefix("<") ? text : "<\(text)>"
        do { return try Address.parse(path, idna: { $0 }) } catch {
            throw CommandError("\(option): \(text) is not an address")
        }
    }

    /// The file with CR LF line ends, or a message of the server's own.
    private static func message(_ options: TestOptions) throws -> [UInt8] {
        guard let file = options.message else {
            let text = "From: \(options.envfrom)\nTo: \(options.envrcpt)\nSubject: a test\n\nThis is a test.\n"
            return wired(Array(text.utf8))
        }
        guard access(file, R_OK) == 0, let bytes = read(file) else {
            throw CommandError("--message: cannot read \(file): \(errnoText())")
        }
        return wired(bytes)
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    /// Lone LF become CR LF.
    private static func wired(_ bytes: [UInt8]) -> [UInt8] {
        var wired: [UInt8] = []
        wired.reserveCapacity(bytes.count + bytes.count / 40)
        for (index, byte) in bytes.enumerated() {
            if byte == 10, index == 0 || bytes[index - 1] != 13 { wired.append(13) }
            wired.append(byte)
        }
        return wired
    }

    private func dump(_ client: TestClient) {
        do {
            guard let bytes = try client.connection.transaction?.content?.snapshot().bytes() else { return }
            show(bytes)
        } catch {
            log("the message cannot be read: \(error)")
        }
    }

    private func dumpParts(_ client: TestClient) {
        do {
            guard let content = client.connection.transaction?.content else { return }
            show(Array(try PartList.text(content).utf8))
        } catch {
            log("the message cannot be taken apart: \(error)")
        }
    }

    private func show(_ bytes: [UInt8]) {
        logger.flush()
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(1, $0.baseAddress.map { $0 + done }, bytes.count - done) }
            guard count > 0 || errno == EINTR else { return }
            done += max(0, count)
        }
    }
}

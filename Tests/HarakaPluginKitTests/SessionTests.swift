// TLS, domains, and what a connection says of its session.
import HarakaPluginABI
import HarakaPluginKit
import Testing

extension KitTests {
    @Suite("Sessions")
    struct SessionTests {
        let host = FakeHost.shared
        let fake = FakeNames.shared

        func registerSTARTTLS() {
            FakeHost.register { plugin in
                plugin.hook("unrecognized_command") { call, next throws(PluginError) in
                    guard let tls = call.plugin.tls, tls.available(call.connection) else { return next.continue() }
                    try tls.start(next) { ok, next in ok ? next.ok() : next.disconnect() }
                }
            }
        }

        @Test("a handshake that succeeds")
        func handshake() {
            registerSTARTTLS()
            #expect(host.run("unrecognized_command") == HARAKA_PENDING)
            #expect(host.answers == [])
            fake.endHandshake(HARAKA_SUCCESS)
            #expect(host.answers == [.init(code: HARAKA_OK)])
        }

        @Test("a handshake that fails")
        func failedHandshake() {
            registerSTARTTLS()
            _ = host.run("unrecognized_command")
            fake.endHandshake(HARAKA_E_IO)
            #expect(host.answers == [.init(code: HARAKA_DISCONNECT)])
        }

        @Test("a handshake that may not begin fails the hook")
        func refusedHandshake() {
            registerSTARTTLS()
            fake.status = HARAKA_E_STATE
            _ = host.run("unrecognized_command")
            #expect(host.answers == [.init(code: HARAKA_DENYSOFT, lines: ["plugin failed"])])
            #expect(host.log == ["2 failed: STARTTLS: not possible now"])
        }

        @Test("a host without the services has none of them")
        func absent() {
            FakeHost.register { plugin in
                FakeNames.shared.isOffered = false
                #expect(plugin.tls == nil)
                #expect(plugin.domains == nil)
                #expect(plugin.resolver == nil)
            }
        }

        @Test("channel bindings are bytes, or none")
        func bindings() {
            FakeHost.register { plugin in
                plugin.hook("mail") { call in
                    #expect(plugin.tls?.channelBinding(call.connection, "tls-exporter") == Array("key".utf8))
                    #expect(plugin.tls?.channelBinding(call.connection, "tls-unique") == nil)
                    return .ok
                }
            }
            #expect(host.run("mail") == HARAKA_OK)
        }

        @Test("each property is read by its number")
        func properties() {
            FakeHost.register { plugin in
                plugin.hook("mail") { call in
                    let (connection, tls) = (call.connection, call.connection.tls)
                    let texts = [
                        connection.role, tls.version, tls.cipher, tls.standardCipher, tls.serverName, tls.alpn,
                        tls.verifyError, connection.authUser, connection.authMethod,
                    ]
                    let numbers: [Int32] = [
                        HARAKA_CONN_ROLE, HARAKA_CONN_TLS_VERSION, HARAKA_CONN_TLS_CIPHER,
                        HARAKA_CONN_TLS_CIPHER_STANDARD, HARAKA_CONN_TLS_SERVER_NAME, HARAKA_CONN_TLS_ALPN,
                        HARAKA_CONN_TLS_VERIFY_ERROR, HARAKA_CONN_AUTH_USER, HARAKA_CONN_AUTH_METHOD,
                    ]
                    #expect(texts.map(\.string) == numbers.map { "property \($0)" })
                    #expect(tls.isEnabled && tls.isResumed && tls.isVerified && tls.isAdvertised)
                    #expect(tls.bits == 256)
                    #expect(tls.peer.isNull && connection.proxy.isNull)
                    return .ok
                }
            }
            #expect(host.run("mail") == HARAKA_OK)
        }

        @Test("what is written goes to the right property")
        func writing() {
            FakeHost.register { plugin in
                plugin.hook("mail") { call throws(PluginError) in
                    try call.connection.tls.setAdvertised(true)
                    try call.connection.setAuthenticated(user: "ann", method: "PLAIN")
                    try call.connection.restart(keepsName: true)
                    try call.connection.restart(keepsName: false)
                    return .ok
                }
            }
            #expect(host.run("mail") == HARAKA_OK)
            #expect(host.log == ["set 48 1", "set 49 -1", "set 50 -1"])
            #expect(fake.said == ["restart 1", "restart 0"])
        }

        @Test("domains")
        func domains() throws {
            FakeHost.register { _ in }
            var plugin: Plugin?
            FakeHost.register { plugin = $0 }
            let domains = try #require(plugin?.domains)
            #expect(domains.organizational("a.example.co.uk") == "example.co.uk")
            #expect(domains.organizational("co.uk") == nil)
            #expect(domains.isPublicSuffix("co.uk"))
            #expect(!domains.isPublicSuffix("example.co.uk"))
            #expect(domains.hasKnownTop("a.example"))
            #expect(!domains.hasKnownTop("junk"))
            #expect(domains.toASCII("name") == "xn--name")
            #expect(domains.toASCII("junk") == nil)
        }

        @Test("keys and chance; a host of 0.3 has neither")
        func keys() throws {
            FakeHost.register { _ in }
            let key = try Digest.derive(.sha256, password: "pw", salt: "salt", rounds: 9, count: 10)
            #expect(key == Array("pw salt 9".utf8) + [0])
            #expect(throws: PluginError.self) { try Digest.derive(.md5, password: "", salt: "", rounds: 1, count: 9) }
            #expect(throws: PluginError.self) {
                try Digest.derive(.sha256, password: "", salt: "", rounds: 0, count: 9)
            }
            #expect(try Digest.random(3) == [7, 7, 7])
            #expect(try Digest.random(0) == [])
            FakeBody.shared.shrinkDigests {
                #expect(throws: PluginError.self) { try Digest.random(3) }
                #expect(throws: PluginError.self) {
                    try Digest.derive(.sha256, password: "", salt: "", rounds: 1, count: 9)
                }
            }
        }
    }
}

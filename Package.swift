// swift-tools-version: 6.1
// The rooms and their arrows: docs/architecture.md. `make` is the way to build; it also builds the plugins.
import PackageDescription

/// Plugins are built twice: as Embedded Swift (`make`, with HARAKA_EMBEDDED=1, in a scratch folder of its own) for the
/// `.so` files, and as ordinary Swift for their unit tests, because an Embedded module cannot be imported by a test.
let embedded = Context.environment["HARAKA_EMBEDDED"] != nil

let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]
let plugged: [SwiftSetting] =
    house + (embedded ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo"])] : [])

/// A bundled plugin: its name as users write it in config/plugins, its Swift module, and the C libraries that it needs.
func plugin(_ name: String, _ module: String) -> Target {
    let libraries = libraries[name, default: []].map { Target.Dependency(stringLiteral: $0) }
    return .target(
        name: module, dependencies: ["HarakaPluginKit"] + libraries, path: "PluginsSrc/\(name)",
        exclude: ["plugin.ini", "README.md", "config", "Tests"], swiftSettings: plugged)
}
func pluginTests(_ name: String, _ module: String) -> Target {
    .testTarget(
        name: "\(module)Tests", dependencies: [.byName(name: module)], path: "PluginsSrc/\(name)/Tests",
        swiftSettings: house)
}

let bundled: [(name: String, module: String)] = [
    ("access", "Access"),
    ("aliases", "Aliases"),
    ("attachment", "AttachmentChecks"),
    ("auth/auth_base", "AuthBase"),
    ("auth/auth_bridge", "AuthBridge"),
    ("auth/auth_proxy", "AuthProxy"),
    ("auth/flat_file", "FlatFile"),
    ("block_me", "BlockMe"),
    ("bounce", "Bounce"),
    ("data.signatures", "DataSignatures"),
    ("delay_deny", "DelayDeny"),
    ("dns-list", "DNSList"),
    ("early_talker", "EarlyTalker"),
    ("fcrdns", "FCrDNS"),
    ("headers", "HeaderChecks"),
    ("helo.checks", "HeloChecks"),
    ("limit", "Limit"),
    ("mail_from.is_resolvable", "IsResolvable"),
    ("prevent_credential_leaks", "PreventCredentialLeaks"),
    ("process_title", "ProcessTitle"),
    ("queue/deliver", "Deliver"),
    ("queue/discard", "QueueDiscard"),
    ("queue/lmtp", "QueueLMTP"),
    ("queue/maildir", "QueueMaildir"),
    ("queue/qmail-queue", "QmailQueue"),
    ("queue/quarantine", "QueueQuarantine"),
    ("queue/smtp_bridge", "SMTPBridge"),
    ("queue/smtp_forward", "SMTPForward"),
    ("queue/smtp_proxy", "SMTPProxy"),
    ("queue/test", "QueueTest"),
    ("rcpt_to.host_list_base", "HostListBase"),
    ("rcpt_to.in_host_list", "InHostList"),
    ("record_envelope_addresses", "RecordEnvelopeAddresses"),
    ("relay", "Relay"),
    ("status", "ConnectionStatus"),
    ("syslog", "LogToSyslog"),
    ("tarpit", "Tarpit"),
    ("tls", "StartTLS"),
    ("toobusy", "TooBusy"),
    ("uribl", "URIBL"),
    ("xclient", "XClient"),
]

/// Module maps of C libraries that a plugin links; plugin.ini has their names for the linker (`libraries=`).
let libraries: [String: [String]] = ["attachment": ["CArchive"], "auth/flat_file": ["CCrypt"]]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: house)
}
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: house)
}
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")

let contract: [Target] = [
    .target(name: "HarakaPluginABI"),
    .target(name: "CHarakaPluginKit", dependencies: ["HarakaPluginABI"]),
    .target(name: "HarakaPluginKit", dependencies: ["HarakaPluginABI", "CHarakaPluginKit"], swiftSettings: plugged),
    .systemLibrary(name: "CArchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
]

let host: [Target] = [
    .systemLibrary(name: "CLtdl", providers: [.apt(["libltdl-dev"])]),
    .systemLibrary(name: "CPCRE2", providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CSSL", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CUnbound", providers: [.apt(["libunbound-dev"])]),
    .systemLibrary(name: "CPSL", providers: [.apt(["libpsl-dev"])]),
    .systemLibrary(name: "CIDN2", providers: [.apt(["libidn2-dev"])]),
    .systemLibrary(name: "CYAML", providers: [.apt(["libyaml-dev"])]),
    .target(name: "CHarakaFile"),
    .target(name: "CHarakaFault"),
    .target(name: "CHarakaProcess"),
    room("SMTPSyntax"),
    room("MailMessage", ["SMTPSyntax"]),
    room("HarakaConfig", ["CYAML"]),
    room("HarakaSupervisor"),
    room("HarakaLog"),
    room("HarakaCore", ["SMTPSyntax", "MailMessage"]),
    room("HarakaTestKit", ["HarakaCore", "SMTPSyntax"]),
    room("HarakaQueue", ["HarakaCore", "MailMessage", "SMTPSyntax"]),
    room("HarakaSpool", ["HarakaCore", "HarakaQueue", "MailMessage", "SMTPSyntax", "CHarakaFile"]),
    room(
        "HarakaPluginHost",
        [
            "HarakaPluginABI", "HarakaCore", "MailMessage", "SMTPSyntax", "CCrypto", "CHarakaFault", "CHarakaFile",
            "CIDN2", "CLtdl", "CPCRE2", "CPSL",
        ]),
    room("HarakaTLS", ["HarakaCore", "CSSL", nioCore]),
    room("HarakaDNS", ["HarakaCore", "CUnbound", nioCore]),
    room(
        "HarakaNet",
        [
            "HarakaCore", "HarakaQueue", "HarakaSpool", "HarakaPluginHost", "HarakaTLS", "HarakaDNS", "SMTPSyntax",
            "MailMessage", nioCore, nioPosix,
        ]),
    .executableTarget(
        name: "haraka",
        dependencies: [
            "HarakaNet", "HarakaPluginHost", "HarakaTLS", "HarakaDNS", "HarakaQueue", "HarakaSpool", "HarakaConfig",
            "HarakaCore", "HarakaLog", "SMTPSyntax", "MailMessage", "HarakaPluginABI", "HarakaSupervisor",
            "CHarakaFault",
            "CHarakaProcess", "CCrypt", "CIDN2", "CSSL", nioCore, nioPosix,
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ],
        path: "Sources/HarakaHost", swiftSettings: house),
]

let hostTests: [Target] = [
    tests("SMTPSyntaxTests", ["SMTPSyntax"]),
    tests("MailMessageTests", ["MailMessage", "SMTPSyntax"]),
    tests("HarakaConfigTests", ["HarakaConfig"]),
    tests("HarakaLogTests", ["HarakaLog"]),
    tests("HarakaSupervisorTests", ["HarakaSupervisor"]),
    tests("HarakaQueueTests", ["HarakaQueue", "HarakaCore", "MailMessage", "SMTPSyntax"]),
    tests("HarakaSpoolTests", ["HarakaSpool", "HarakaQueue", "HarakaCore", "MailMessage", "SMTPSyntax"]),
    tests("HarakaCoreTests", ["HarakaCore", "HarakaTestKit", "SMTPSyntax"]),
    tests("CHarakaFaultTests", ["CHarakaFault"]),
    .testTarget(
        name: "ABITests",
        dependencies: ["HarakaPluginHost", "HarakaPluginABI", "HarakaCore", "SMTPSyntax"], exclude: ["Golden"],
        swiftSettings: house),
    tests("HarakaPluginKitTests", ["HarakaPluginKit", "HarakaPluginABI"]),
    tests(
        "HarakaPluginHostTests",
        [
            "HarakaPluginHost", "HarakaPluginABI", "HarakaCore", "HarakaSpool", "HarakaTestKit", "MailMessage",
            "SMTPSyntax", "CHarakaFault",
        ]),
    tests(
        "HarakaTLSTests",
        ["HarakaTLS", "HarakaCore", "CSSL", nioCore, .product(name: "NIOEmbedded", package: "swift-nio")]),
    .testTarget(
        name: "HarakaDNSTests", dependencies: ["HarakaDNS", "HarakaCore", nioCore, nioPosix],
        swiftSettings: house),
    tests(
        "HarakaNetTests",
        [
            "HarakaNet", "HarakaCore", "HarakaQueue", "HarakaSpool", "HarakaPluginHost", "HarakaTLS", "HarakaDNS",
            "HarakaTestKit", "MailMessage", "SMTPSyntax", nioCore,
            .product(name: "NIOEmbedded", package: "swift-nio"),
        ]),
]

let package = Package(
    name: "haraka",
    products: embedded ? [] : [.executable(name: "haraka", targets: ["haraka"])],
    dependencies: embedded
        ? []
        : [
            .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
            .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        ],
    targets: contract + bundled.map { plugin($0.name, $0.module) }
        + (embedded ? [] : host + hostTests + bundled.map { pluginTests($0.name, $0.module) })
)

// Lines of log as bytes, in all formats.

import Testing

@testable import HarakaLog

@Suite("LineEncoder")
struct LineEncoderTests {
    private func encode(
        _ line: LogLine, _ format: LogFormat = .default, at time: LogTime? = nil, coloured: Bool = false
    ) -> String {
        var bytes: [UInt8] = []
        Presentation(format: format, isColoured: coloured).encode(line, at: time, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private let plain = LogLine(.info, "hello world")
    private let full = LogLine(
        .notice, uuid: "A1-B2.1", origin: "spf", "a \"b\" \\ c",
        fields: [("code", "550"), ("msg", "no such user"), ("empty", "")])
    private let time = LogTime(seconds: 1_795_253_400, milliseconds: 7)

    @Test("the default format is [LEVEL] [uuid] [origin] message, then the fields")
    func defaultFormat() {
        #expect(encode(plain) == "[INFO] [-] [core] hello world\n")
        #expect(encode(full) == "[NOTICE] [A1-B2.1] [spf] a \"b\" \\ c code=550 msg=\"no such user\" empty=\"\"\n")
    }

    @Test("logfmt quotes what is empty or holds a space, =, \" or \\")
    func logfmt() {
        #expect(encode(plain, .logfmt) == "level=INFO uuid=- origin=core message=\"hello world\"\n")
        let expected =
            #"level=NOTICE uuid=A1-B2.1 origin=spf message="a \"b\" \\ c" code=550 msg="no such user" empty="""#
        #expect(encode(full, .logfmt) == expected + "\n")
        #expect(encode(LogLine(.crit, "a=b"), .logfmt) == "level=CRIT uuid=- origin=core message=\"a=b\"\n")
        #expect(encode(LogLine(.crit, "a\\b"), .logfmt) == "level=CRIT uuid=- origin=core message=\"a\\\\b\"\n")
    }

    @Test("json is one object")
    func json() {
        #expect(encode(plain, .json) == #"{"level":"INFO","uuid":"-","origin":"core","message":"hello world"}"# + "\n")
        let expected =
            #"{"level":"NOTICE","uuid":"A1-B2.1","origin":"spf","message":"a \"b\" \\ c","#
            + #""code":"550","msg":"no such user","empty":""}"#
        #expect(encode(full, .json) == expected + "\n")
    }

    @Test("the time stands first, in UTC with milliseconds")
    func timestamps() {
        #expect(encode(plain, at: time) == "2026-11-21T09:30:00.007Z [INFO] [-] [core] hello world\n")
        #expect(encode(plain, .logfmt, at: time).hasPrefix("timestamp=2026-11-21T09:30:00.007Z level=INFO "))
        #expect(encode(plain, .json, at: time).hasPrefix(#"{"timestamp":"2026-11-21T09:30:00.007Z","level":"INFO","#))
    }

    @Test(
        "dates are right at the edges of months, leap years and centuries",
        arguments: [
            (Int64(0), "1970-01-01T00:00:00.000Z"), (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"), (951_868_800, "2000-03-01T00:00:00.000Z"),
            (1_709_164_800, "2024-02-29T00:00:00.000Z"), (1_735_689_599, "2024-12-31T23:59:59.000Z"),
            (1_735_689_600, "2025-01-01T00:00:00.000Z"), (4_107_542_399, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"), (-5, "1970-01-01T00:00:00.000Z"),
        ])
    func dates(seconds: Int64, text: String) {
        var bytes: [UInt8] = []
        LogTime(seconds: seconds, milliseconds: 0).append(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test("whatever control characters come in, one line without any goes out", arguments: LogFormat.allCases)
    func oneLine(format: LogFormat) {
        var nasty = String.UnicodeScalarView()
        for code in Array(0...0x20) + Array(0x7F...0xA0) + [0x2028, 0x2029, 0x202A] as [UInt32] {
            if let scalar = Unicode.Scalar(code) { nasty.append(scalar) }
        }
        let text = String(nasty)
        let line = LogLine(
            .warn, uuid: text, origin: text, text, fields: [(text, text), ("k", "a\r\n[CRIT] [-] [core] forged")])
        let out = encode(line, format).unicodeScalars
        #expect(out.last == "\n")
        let harmful = out.dropLast().filter {
            $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || $0.value == 0x2028 || $0.value == 0x2029
        }
        #expect(harmful.isEmpty)
    }

    @Test(
        "control characters are shown by their codes",
        arguments: [
            ("a\r\nb", #"a\r\nb"#, #"a\r\nb"#), ("\t", #"\t"#, #"\t"#), ("\u{1B}[31m", #"\x1b[31m"#, #"\u001b[31m"#),
            ("\0", #"\x00"#, #"\u0000"#), ("\u{9B}", #"\x9b"#, #"\u009b"#), ("\u{2028}", #"\u2028"#, #"\u2028"#),
            ("é – 😀", "é – 😀", "é – 😀"), ("\u{C2}", "Â", "Â"),
        ])
    func escapes(text: String, plain: String, json: String) {
        #expect(encode(LogLine(.data, text)) == "[DATA] [-] [core] \(plain)\n")
        #expect(encode(LogLine(.data, text), .json).hasSuffix("\"message\":\"\(json)\"}\n"))
    }

    @Test("fields that hold secrets are never written", arguments: LogFormat.allCases)
    func secrets(format: LogFormat) {
        let names = ["password", "auth_pass", "auth_passwd", "Password", "AUTH_PASS"]
        let out = encode(LogLine(.info, "m", fields: names.map { ($0, "hunter2") } + [("passwords", "kept")]), format)
        #expect(!out.contains("hunter2"))
        #expect(!out.lowercased().contains("auth_pass"))
        #expect(out.contains("kept"))
    }

    @Test("a field cannot pass for one of the line's own, nor its name for a pair")
    func fieldNames() {
        let line = LogLine(.info, "m", fields: [("level", "x"), ("uuid", "y"), ("a b=c\"", "z")])
        #expect(encode(line, .logfmt) == "level=INFO uuid=- origin=core message=m level_=x uuid_=y a_b_c_=z\n")
        #expect(encode(line, .json).hasSuffix(#""message":"m","level_":"x","uuid_":"y","a b=c\"":"z"}"# + "\n"))
    }

    @Test("the level is coloured in the default format only")
    func colours() {
        #expect(encode(LogLine(.error, "m"), coloured: true) == "\u{1B}[31m[ERROR]\u{1B}[39m [-] [core] m\n")
        #expect(encode(LogLine(.debug, "m"), coloured: true).hasPrefix("\u{1B}[90m[DEBUG]\u{1B}[39m "))
        #expect(encode(plain, .json, coloured: true) == encode(plain, .json))
        #expect(encode(plain, .logfmt, coloured: true) == encode(plain, .logfmt))
    }

    @Test("levels have Haraka's numbers and names, and are read from both")
    func levels() {
        let names = ["EMERG", "ALERT", "CRIT", "ERROR", "WARN", "NOTICE", "INFO", "DEBUG", "PROTOCOL", "DATA"]
        #expect(LogLevel.allCases.map(\.name) == names)
        #expect(LogLevel.allCases.map(\.rawValue) == Array(0...9))
        for level in LogLevel.allCases {
            #expect(LogLevel(name: level.name) == level)
            #expect(LogLevel(name: level.name.lowercased()) == level)
            #expect(LogLevel(name: String(level.rawValue)) == level)
        }
        for name in ["", "10", "-1", "warning", "INFO "] { #expect(LogLevel(name: name) == nil) }
        #expect(LogLevel.crit < .data)
    }
}

// What passes between the service manager and the server.

import HarakaSupervisor
import Testing

@Suite("ServiceMessage and ActivationSockets")
struct ServiceTests {
    @Test(
        "messages are KEY=VALUE lines, and a value cannot begin a line",
        arguments: [
            (.ready(status: "2 workers"), "READY=1\nSTATUS=2 workers"),
            (.ready(status: ""), "READY=1\nSTATUS="),
            (.reloading(monotonicMicroseconds: .max), "RELOADING=1\nMONOTONIC_USEC=18446744073709551615"),
            (.stopping(status: "a\nMAINPID=1"), "STOPPING=1\nSTATUS=a MAINPID=1"),
            (.status("a\r\nb\0c\tGrüße"), "STATUS=a  b c Grüße"),
            (.ready(status: "a\nb"), "READY=1\nSTATUS=a b"),
            (.watchdog, "WATCHDOG=1"),
            (.mainPid(4711), "MAINPID=4711"),
        ] as [(ServiceMessage, String)])
    func messages(message: ServiceMessage, text: String) {
        #expect(message.text == text)
    }

    @Test("handed over descriptors begin at 3, with their names")
    func descriptors() {
        let environment = ["LISTEN_PID": "42", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "smtp::submission"]
        let sockets = ActivationSockets(environment: environment, processID: 42)
        #expect(sockets?.descriptors == [3, 4, 5])
        #expect(sockets?.names == ["smtp", "", "submission"])
    }

    @Test("without names, each is unknown")
    func withoutNames() {
        let sockets = ActivationSockets(environment: ["LISTEN_PID": "42", "LISTEN_FDS": "2"], processID: 42)
        #expect(sockets?.descriptors == [3, 4])
        #expect(sockets?.names == ["unknown", "unknown"])
    }

    @Test(
        "what is missing, zero, malformed or meant for another process gives no sockets",
        arguments: [
            [:],
            ["LISTEN_FDS": "1"],
            ["LISTEN_PID": "42"],
            ["LISTEN_PID": "43", "LISTEN_FDS": "1"],
            ["LISTEN_PID": "+42", "LISTEN_FDS": "1"],
            ["LISTEN_PID": "42", "LISTEN_FDS": "0"],
            ["LISTEN_PID": "42", "LISTEN_FDS": "-1"],
            ["LISTEN_PID": "42", "LISTEN_FDS": "+1"],
            ["LISTEN_PID": "42", "LISTEN_FDS": ""],
            ["LISTEN_PID": "42", "LISTEN_FDS": "1 "],
            ["LISTEN_PID": "42", "LISTEN_FDS": "1001"],
            ["LISTEN_PID": "42", "LISTEN_FDS": "99999999999999999999"],
            ["LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "one"],
            ["LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "one:two:three"],
        ] as [[String: String]])
    func malformed(environment: [String: String]) {
        #expect(ActivationSockets(environment: environment, processID: 42) == nil)
    }

    @Test("as many as the limit are taken")
    func limit() {
        let sockets = ActivationSockets(environment: ["LISTEN_PID": "42", "LISTEN_FDS": "1000"], processID: 42)
        #expect(sockets?.descriptors.last == 1002)
    }
}

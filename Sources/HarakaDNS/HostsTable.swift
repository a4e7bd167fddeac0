// What /etc/hosts says: it comes before all servers, as with the C library. hosts(5).

import Glibc
import HarakaCore
import NIOCore

/// The names and addresses of a hosts file. A changed file is seen within seconds. On the loop.
///
/// Only addresses and names of addresses come from it: that a host stands there says nothing of its MX.
struct HostsTable {
    private static let looksEvery = TimeAmount.seconds(5)

    private static let ttl: UInt32 = 5

    private let path: String?
    private var stamp: [Int]?
    private var lookAgain = NIODeadline.distantFuture
    private var records: [NameQuestion: [NameRecord]] = [:]
    private var names: Set<String> = []

    init(_ path: String?) {
        self.path = path
        read()
    }

    /// The answer of the file, if it has one.
    mutating func answer(_ question: NameQuestion) -> NameAnswer? {
        guard let path else { return nil }
        let now = NIODeadline.now()
        if now >= lookAgain {
            lookAgain = now + HostsTable.looksEvery
            if SystemFile.stamp(path) != stamp { read() }
        }
        guard names.contains(question.name) else { return nil }
        if let found = records[question] {
            var answer = NameAnswer(question, .found)
            answer.ttl = HostsTable.ttl
            answer.records = found
            return answer
        }
        // The C library gives what is there and does not ask for the other family.
        guard question.type == RecordType.a || question.type == RecordType.aaaa else { return nil }
        return NameAnswer(question, .noData, reason: "no such address in the hosts file")
    }

    private mutating func read() {
        guard let path else { return }
        stamp = SystemFile.stamp(path)
        lookAgain = .now() + HostsTable.looksEvery
        records = [:]
        names = []
        for words in SystemFile.lines(path) where words.count >= 2 { add(String(words[0]), words.dropFirst()) }
    }

    private mutating func add(_ address: String, _ hosts: ArraySlice<Substring>) {
        guard let data = HostsTable.bytes(address), let reverse = DomainName.reverse(address) else { return }
        let type = data.count == 4 ? RecordType.a : RecordType.aaaa
        let valid = hosts.compactMap { DomainName.normal(String($0)) }
        for host in valid { add(NameQuestion(host, type), NameRecord(type, ttl: HostsTable.ttl, data)) }
        // The first line for an address names it, and the first name of that line.
        guard let first = valid.first, records[NameQuestion(reverse, RecordType.ptr)] == nil else { return }
        let name = NameRecord(type: RecordType.ptr, ttl: HostsTable.ttl, text: first, data: DomainName.wire(first))
        add(NameQuestion(reverse, RecordType.ptr), name)
    }

    private mutating func add(_ question: NameQuestion, _ record: NameRecord?) {
        guard let record, records[question]?.contains(record) != true else { return }
        names.insert(question.name)
        records[question, default: []].append(record)
    }

    private static func bytes(_ address: String) -> [UInt8]? {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, address, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        guard inet_pton(AF_INET6, address, &six) == 1 else { return nil }
        return withUnsafeBytes(of: &six) { Array($0) }
    }
}

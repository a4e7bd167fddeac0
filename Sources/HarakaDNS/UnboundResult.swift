// What libunbound has found, as values. unbound.h "ub_result".

import CUnbound
import HarakaCore

extension Finding {
    init(_ question: NameQuestion, _ result: ub_result) {
        var answer = NameAnswer(question, .found)
        answer.ttl = UInt32(clamping: result.ttl)
        if let name = result.canonname, let canonical = DomainName.normal(String(cString: name)) {
            answer.canonical = canonical
        }
        answer.records = Finding.records(question, result)
        (answer.status, answer.reason) = Finding.status(answer, result)
        var fault: String?
        if result.bogus != 0 {
            let reason = result.why_bogus.map { String(cString: $0) } ?? "the signatures are wrong"
            fault = reason
            answer.security = Finding.isUnchecked(reason) ? .insecure : .bogus
        } else if result.secure != 0 {
            answer.security = .secure
        }
        self.init(answer, fault: fault)
    }

    /// The resolver gives no signatures, not even of the keys from which all begins: nobody can check anything. Who
    /// does not insist gets the answers as they are; who insists gets none, for an attacker could have taken them away.
    private static func isUnchecked(_ reason: String) -> Bool {
        reason.contains("for trust anchor ") || reason.contains("key for validation . is ")
    }

    private static func status(_ answer: NameAnswer, _ result: ub_result) -> (NameAnswer.Status, String) {
        switch result.rcode {
        case 0 where !answer.records.isEmpty: (.found, "")
        case 0 where result.havedata != 0: (.failed, "the records make no sense")
        case 0: (.noData, "no records of this type")
        case 3: (.noName, "NXDOMAIN")
        case 1: (.failed, "FORMERR")
        case 2: (.failed, "SERVFAIL")
        case 5: (.failed, "REFUSED")
        default: (.failed, "RCODE \(result.rcode)")
        }
    }

    private static func records(_ question: NameQuestion, _ result: ub_result) -> [NameRecord] {
        guard result.havedata != 0, let data = result.data, let lengths = result.len else { return [] }
        var records: [NameRecord] = []
        var index = 0
        while let start = data[index] {
            let bytes = UnsafeRawBufferPointer(start: start, count: Int(max(0, lengths[index])))
            if let record = NameRecord(question.type, ttl: UInt32(clamping: result.ttl), Array(bytes)) {
                records.append(record)
            }
            index += 1
        }
        guard question.type == RecordType.mx else { return records }
        // Those of one priority stay as they came.
        let order = records.indices.sorted { (records[$0].priority, $0) < (records[$1].priority, $1) }
        return order.map { records[$0] }
    }
}

// The PROXY header: whatever a proxy sends, what is read lies inside it and does not depend on how it arrives.

import SMTPSyntax

/// A header is found at one length and no other; what is malformed stays so; addresses are written as they are read.
/// - Parameter bytes: What a proxy sends; if the first bit of the first byte is set, version 2's signature is put in
///   front of the rest, which a fuzzer would hardly find.
public func fuzzProxyHeader(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
    let input = (first & 1 == 1 ? signature : Array("PROXY ".utf8)) + Array(bytes.dropFirst())
    let whole = parse(input)
    var decided: ProxyHeader.Progress?
    for count in 0...input.count {
        let now = parse(Array(input[..<count]))
        if let decided { precondition(now == decided, "more bytes change what was decided") }
        if now != .needMore { decided = now }
        if case .header(_, let consumed) = now { precondition(consumed <= count, "it takes what has not come") }
    }
    precondition((decided ?? .needMore) == whole, "the header depends on how it arrives")
    guard case .header(let header, let consumed) = whole else { return }
    precondition(consumed > 6 && consumed <= ProxyHeader.longestBinary, "consumed is out of range")
    precondition((header.source == nil) == (header.destination == nil), "half of the addresses")
    guard let source = header.source, let destination = header.destination else { return }
    let isV6 = source.address.contains(":"), isOtherV6 = destination.address.contains(":")
    precondition(source.port <= 65_535 && destination.port <= 65_535, "no port")
    // A mapped address is written as IPv4 and cannot stand beside IPv6 in a line.
    guard isV6 == isOtherV6 else { return }
    let line =
        "PROXY TCP\(isV6 ? 6 : 4) \(source.address) \(destination.address) \(source.port) \(destination.port)\r\n"
    guard case .header(let again, _) = parse(Array(line.utf8)) else { preconditionFailure("our own words are none") }
    precondition(again.source == source && again.destination == destination, "our own words say something else")
}

private func parse(_ bytes: [UInt8]) -> ProxyHeader.Progress { bytes.withUnsafeBytes { ProxyHeader.parse($0) } }

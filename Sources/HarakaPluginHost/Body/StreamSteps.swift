// The conversions of MailMessage as steps of a stream.

import MailMessage

/// Line ends, dots and chunks.
struct FormStep: StreamStep {
    private var form: StreamForm

    init(_ form: StreamForm) { self.form = form }

    mutating func convert(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        form.transform(bytes, into: &output)
    }
    mutating func finish(into output: inout [UInt8]) { form.finish(into: &output) }
}

/// A part's transfer encoding, undone.
struct TransferStep: StreamStep {
    private var decoder: TransferDecoder

    init(_ encoding: String) { decoder = TransferDecoder(encoding: encoding) }

    mutating func convert(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        decoder.decode(bytes, into: &output)
    }
    mutating func finish(into output: inout [UInt8]) { decoder.finish(into: &output) }
}

/// A part's charset to UTF-8.
struct CharsetStep: StreamStep {
    private let decoder: CharsetDecoder

    /// A charset that nobody knows is read as if the part did not say.
    init(_ charset: String) { decoder = CharsetDecoder(guessing: charset) }

    func convert(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        decoder.decode(bytes, into: &output)
    }
    func finish(into output: inout [UInt8]) { decoder.finish(into: &output) }
}

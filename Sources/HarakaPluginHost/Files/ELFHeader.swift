// The first 64 bytes of an ELF file: is this a shared library for this machine, and where are its tables?

/// A machine that the host runs on, with its number in an ELF header.
public enum ELFMachine: UInt16, Sendable, CaseIterable {
    case x86_64 = 62
    case aarch64 = 183

    /// The machine that this host was built for: the only one whose plugins it can load.
    public static var host: ELFMachine {
        #if arch(arm64)
            .aarch64
        #else
            .x86_64
        #endif
    }

    /// The name that `uname -m` gives.
    public var name: String { Self.name(of: rawValue) }

    /// A word for any number in the machine field, so that an error can say whose file it is.
    static func name(of number: UInt16) -> String {
        switch number {
        case 3: "i386"
        case 8: "mips"
        case 21: "ppc64"
        case 22: "s390x"
        case 40: "arm"
        case 62: "x86_64"
        case 183: "aarch64"
        case 243: "riscv64"
        case 258: "loongarch64"
        default: "machine number \(number)"
        }
    }
}

/// What the ELF header says, once it is known to be a shared library for this machine.
struct ELFHeader {
    /// Bytes in an ELF header, and in one entry of the program header and section header tables.
    static let size: UInt64 = 64
    static let segmentSize: UInt64 = 56
    static let sectionSize: UInt64 = 64

    let machine: ELFMachine
    /// Where the program headers begin, and how many there are.
    let segmentOffset: UInt64
    let segmentCount: UInt64
    /// Where the section headers begin; 0 if there are none.
    let sectionOffset: UInt64
    /// As written: 0 with an offset means that the count is in section 0 (more than 65,279 sections).
    let sectionCount: UInt64
    /// As written: 0xffff means that the index is in section 0.
    let sectionNamesIndex: UInt32

    init(_ file: ELFBytes, machine wanted: ELFMachine) throws(ELFError) {
        try Self.checkIdentity(file)
        // e_type, e_machine, e_phoff, e_shoff, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx.
        guard let fields = file.slice(0, Self.size), let type = fields.u16(16), let machine = fields.u16(18),
            let segmentOffset = fields.u64(32), let sectionOffset = fields.u64(40),
            let segmentSize = fields.u16(54), let segmentCount = fields.u16(56),
            let sectionSize = fields.u16(58), let sectionCount = fields.u16(60), let namesIndex = fields.u16(62)
        else { throw .truncated(what: "its header", end: Self.size, size: file.count) }
        guard machine == wanted.rawValue else {
            throw .foreignMachine(found: ELFMachine.name(of: machine), host: wanted.name)
        }
        try Self.checkType(type)
        guard segmentSize == Self.segmentSize else { throw .malformed("its program headers have an unknown size") }
        guard sectionOffset == 0 || sectionSize == Self.sectionSize else {
            throw .malformed("its section headers have an unknown size")
        }
        self.machine = wanted
        self.segmentOffset = segmentOffset
        self.segmentCount = UInt64(segmentCount)
        self.sectionOffset = sectionOffset
        self.sectionCount = UInt64(sectionCount)
        self.sectionNamesIndex = UInt32(namesIndex)
    }

    /// Checks e_ident, in the order in which a person would want to hear about it.
    private static func checkIdentity(_ file: ELFBytes) throws(ELFError) {
        guard file.count > 0 else { throw .empty }
        let magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]
        // A prefix of the magic number is an ELF file that was cut off, not a text.
        guard file.raw.prefix(4).elementsEqual(magic.prefix(Int(min(4, file.count)))) else {
            throw .notELF(start: quoted(file.raw.prefix(16)))
        }
        // EI_CLASS, EI_DATA, EI_VERSION and EI_OSABI are bytes 4 to 7.
        guard let ident = file.slice(0, 16)?.raw else {
            throw .truncated(what: "its header", end: size, size: file.count)
        }
        guard ident[4] == 2 else { throw ident[4] == 1 ? .not64Bit : .malformed("its class is \(ident[4])") }
        guard ident[5] == 1 else { throw ident[5] == 2 ? .bigEndian : .malformed("its byte order is \(ident[5])") }
        guard ident[6] == 1 else { throw .malformed("its ELF version is \(ident[6])") }
        // 0 is System V and 3 is GNU: the two that glibc loads.
        guard ident[7] == 0 || ident[7] == 3 else { throw .foreignSystem(ident[7]) }
    }

    /// Checks e_type: 3 (ET_DYN) is a shared library, or an executable that ``ELFDynamic`` will tell apart.
    private static func checkType(_ type: UInt16) throws(ELFError) {
        switch type {
        case 3: return
        case 1: throw .notSharedLibrary(kind: "an object file")
        case 2: throw .notSharedLibrary(kind: "an executable")
        case 4: throw .notSharedLibrary(kind: "a core dump")
        default: throw .notSharedLibrary(kind: "an ELF file of type \(type)")
        }
    }

    /// The printable beginning of a file that is something else, in quotes, up to its first line end.
    private static func quoted(_ start: UnsafeRawBufferPointer.SubSequence) -> String {
        let line = start.prefix { $0 != 0x0a && $0 != 0x0d }
        let shown = line.map { (0x20...0x7e).contains($0) && $0 != 0x22 ? Character(UnicodeScalar($0)) : "." }
        return "\"" + String(shown) + "\""
    }
}

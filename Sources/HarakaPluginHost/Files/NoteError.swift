// Why a plugin's note can't be used.

/// Why ``PluginNote/parse(_:)`` refused a note.
///
/// ``description`` is written to follow "its plugin note ".
public enum NoteError: Error, Equatable, Sendable {
    /// The file holds this many plugin notes, and none can be preferred.
    case several(Int)
    /// The text has this many bytes; ``PluginNote/maximumSize`` is the limit.
    case tooLarge(Int)
    /// More than ``PluginNote/maximumKeys`` keys.
    case tooManyKeys
    /// The text does not begin with `format=1`.
    case unknownFormat
    /// The text does not end in a NUL.
    case unterminated
    /// Something follows the empty entry that ends the text.
    case textAfterEnd
    /// Entry number `n`, counted from 1, has no `=` or a key of other characters than a-z, 0-9, `_`, `-` and `.`.
    case badEntry(Int)
    /// A key stands twice.
    case repeatedKey(String)
    /// The value of this key is not UTF-8.
    case notUTF8(key: String)
    /// The value of this key holds a control character other than newline and tab.
    case controlCharacter(key: String)
    /// A key that every note must have is missing.
    case missingKey(String)
    /// The value of `name` can't be the name of a plugin.
    case badName(PluginNameError)
    /// The value of `abi` or `abi_min` is not of the form MAJOR.MINOR.
    case badVersion(key: String)
    /// `abi_min` asks for another or a later version than the `abi` that the plugin was built against.
    case impossibleRange
}

extension NoteError: CustomStringConvertible {
    /// The rest of a sentence that begins with "its plugin note", without its full stop.
    public var description: String {
        switch self {
        case .several(let count): "stands there \(count) times"
        case .tooLarge(let size): "has \(size) bytes, more than \(PluginNote.maximumSize)"
        case .tooManyKeys: "has more than \(PluginNote.maximumKeys) keys"
        case .unknownFormat: "does not begin with format=1"
        case .unterminated: "is cut off"
        case .textAfterEnd: "goes on after its end"
        case .badEntry(let number): "has no valid key=value in entry \(number)"
        case .repeatedKey(let key): "has the key \(key) twice"
        case .notUTF8(let key): "has a value of \(key) that is not UTF-8"
        case .controlCharacter(let key): "has a control character in the value of \(key)"
        case .missingKey(let key): "does not say its \(key)"
        case .badName(let error): "has a bad name, which \(error)"
        case .badVersion(let key): "has a value of \(key) that is no MAJOR.MINOR"
        case .impossibleRange: "asks for a later ABI (abi_min) than the one it was built against (abi)"
        }
    }
}

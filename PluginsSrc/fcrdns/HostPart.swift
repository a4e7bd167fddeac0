// What a name says of its host.

/// The labels before those that an organization holds; all of the name if it is not known what those are.
func hostPart(of name: String, _ organizational: String?) -> String {
    guard let organizational else { return name }
    return String(decoding: name.utf8.dropLast(organizational.utf8.count), as: UTF8.self)
}

/// Whether the text has the word in it.
func holds(_ text: String, _ word: String) -> Bool {
    let (text, word) = (Array(text.utf8), Array(word.utf8))
    guard text.count >= word.count else { return false }
    return (0...(text.count - word.count)).contains { text[$0..<($0 + word.count)] == word[...] }
}

// The addresses of To, Cc and Bcc (RFC 5322 section 3.4), for `sendmail -t`.

/// Finds addresses; whether each is one is decided by who reads it next.
struct AddressList {
    /// In order, without names, comments, groups' names and brackets.
    private(set) var addresses: [String] = []

    private var text = ""
    /// What stands in angle brackets, once they were open.
    private var bracketed: String?
    private var isInBrackets = false
    private var depth = 0
    private var isQuoted = false
    private var isEscaped = false
    private var hasBlank = false

    init(_ value: String) {
        for character in value.unicodeScalars { take(character) }
        finish()
    }

    private mutating func take(_ character: Unicode.Scalar) {
        if isEscaped {
            isEscaped = false
            return keep(character)
        }
        if character == "\\", isQuoted || depth > 0 { isEscaped = true }
        if isQuoted {
            if character == "\"" { isQuoted = false }
            return keep(character)
        }
        switch character {
        case "(": depth += 1
        case ")" where depth > 0: depth -= 1
        case _ where depth > 0: break
        case "\"":
            isQuoted = true
            keep(character)
        case "<":
            bracketed = ""
            isInBrackets = true
        case ">": isInBrackets = false
        case ",", ";": finish()
        // A group's name: what follows are its members. In brackets it ends a route or begins a literal's number.
        case ":" where !isInBrackets && !text.contains("["):
            text = ""
        case " ", "\t", "\r", "\n": hasBlank = true
        default: keep(character)
        }
    }

    private mutating func keep(_ character: Unicode.Scalar) {
        guard depth == 0 else { return }
        if hasBlank { keepBlank(before: character) }
        if isInBrackets {
            bracketed?.unicodeScalars.append(character)
        } else {
            text.unicodeScalars.append(character)
        }
    }

    /// Between two words it counts, so that they do not become one; around `@` and dots it does not (RFC 5322 4.4).
    private mutating func keepBlank(before next: Unicode.Scalar) {
        hasBlank = false
        let last = (isInBrackets ? bracketed ?? "" : text).unicodeScalars.last ?? "@"
        guard last != "@", last != ".", next != "@", next != "." else { return }
        if isInBrackets { bracketed?.append(" ") } else { text.append(" ") }
    }

    private mutating func finish() {
        hasBlank = false
        let address = bracketed ?? text
        if !address.isEmpty { addresses.append(address) }
        (text, bracketed, isInBrackets) = ("", nil, false)
    }
}

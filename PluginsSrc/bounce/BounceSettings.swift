// bounce.ini.
import HarakaPluginKit

/// The whole file.
struct BounceSettings {
    private(set) var checksRecipients = true, checksReturnPath = false, checksDate = true
    private(set) var rejectsAll = false, rejectsRecipients = true, rejectsReturnPath = false
    private(set) var rejectsBadRecipient = true, rejectsHash = false, rejectsDate = false
    private(set) var skipsOthers = false
    /// Nil: bounces prove nothing, and messages that go out get no hash.
    private(set) var validation: Validation?
    /// Whether somebody has asked for what takes SPF.
    private(set) var wantsSPF = false
    private(set) var mistakes: [String] = []

    init(ini: ValueView) {
        var reader = SwitchReader(ini)
        reader.read("check", "single_recipient", &checksRecipients)
        reader.read("check", "empty_return_path", &checksReturnPath)
        reader.read("check", "hash_date", &checksDate)
        reader.read("reject", "all_bounces", &rejectsAll)
        reader.read("reject", "single_recipient", &rejectsRecipients)
        reader.read("reject", "empty_return_path", &rejectsReturnPath)
        reader.read("reject", "bad_rcpt", &rejectsBadRecipient)
        reader.read("reject", "hash_validation", &rejectsHash)
        reader.read("reject", "hash_date", &rejectsDate)
        reader.read("skip", "remaining_plugins", &skipsOthers)
        var (checksHash, checksSPF, rejectsSPF) = (false, false, false)
        reader.read("check", "hash_validation", &checksHash)
        // On by default in Haraka; only who writes it down waits for it.
        reader.read("check", "bounce_spf", &checksSPF)
        reader.read("reject", "bounce_spf", &rejectsSPF)
        wantsSPF = checksSPF || rejectsSPF
        mistakes = reader.mistakes
        if checksHash { readValidation(ini["validation"]) }
    }

    /// The words for the log never hold the secret.
    private mutating func readValidation(_ section: ValueView) {
        let secret = section["secret"].text, name = section["hash_algorithm"], age = section["max_hash_age_days"]
        if secret.count < 32 { mistakes.append("[validation] secret has less than 32 characters") }
        let algorithms: [(String, Digest.Algorithm)] = [("sha1", .sha1), ("sha256", .sha256), ("sha512", .sha512)]
        let algorithm = name.isNull ? .sha256 : algorithms.first { $0.0 == name.text.string.asciiLowercased }?.1
        if algorithm == nil { mistakes.append("[validation] hash_algorithm is none of sha1, sha256, sha512") }
        let days = age.isNull ? 6 : age.integer(or: 0)
        if days < 1 || days > 36_500 { mistakes.append("[validation] max_hash_age_days is no number of days") }
        guard secret.count >= 32, let algorithm, days >= 1, days <= 36_500 else { return }
        validation = Validation(secret: secret.string, algorithm: algorithm, maximumAgeDays: days)
    }
}

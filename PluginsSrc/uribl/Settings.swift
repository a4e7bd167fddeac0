// uribl.ini.
import HarakaPluginKit

/// The whole file.
struct Settings {
    /// In the order of the file.
    private(set) var lists: [BlockList] = []
    /// Milliseconds for each group of lookups.
    private(set) var limit: Int64 = 28_000
    /// For one list and group.
    private(set) var mostNames = 20
    private(set) var skipsRelaying = false, skipsPrivate = false

    /// Whether any list is asked for names that are mentioned there.
    func wants(_ purpose: Purpose) -> Bool { lists.contains { $0.purposes.contains(purpose) } }

    /// Takes what makes sense; the rest is described.
    mutating func read(_ ini: ValueView) -> [String] {
        var reader = SwitchReader(ini)
        reader.read("main", "skip_relaying", &skipsRelaying)
        reader.read("main", "skip_private", &skipsPrivate)
        var mistakes = reader.mistakes
        let seconds = ini["main"]["timeout"], most = ini["main"]["max_uris_per_list"]
        if !seconds.isNull {
            let number = seconds.number(or: -1)
            if number > 0, number <= 300 {
                limit = max(1, Int64(number * 1000))
            } else {
                mistakes.append("[main] timeout is no number of seconds up to 300")
            }
        }
        if !most.isNull {
            let number = most.integer(or: -1)
            if (1...200).contains(number) {
                mostNames = Int(number)
            } else {
                mistakes.append("[main] max_uris_per_list is none of 1 to 200")
            }
        }
        return mistakes + readLists(ini)
    }

    /// Every section but `[main]` is a list.
    private mutating func readLists(_ ini: ValueView) -> [String] {
        var mistakes: [String] = []
        for index in 0..<ini.count {
            let (name, section) = ini.entry(index)
            guard name != "main", section.count > 0 else { continue }
            var list = BlockList(name.string)
            mistakes += list.read(ini)
            lists.append(list)
        }
        return mistakes
    }

    /// `compiled` makes a test of an expression, or nil.
    mutating func compile(_ compiled: (String) -> ((String) -> Bool)?) {
        lists = lists.compactMap { list in
            guard !list.validation.isEmpty else { return list }
            guard let validates = compiled(list.validation) else { return nil }
            var list = list
            list.validates = validates
            return list
        }
    }
}

// Lists of expressions, of which few are asked.

/// Whole lines of a file as expressions, compared without case. They are joined, so that a question costs few matches,
/// however many there are. Loop thread only.
///
///     let (list, mistakes) = PatternList.read(plugin.config.lines("host_list_regex"), plugin)
///     if list.matches(recipient.host) { ... }
public struct PatternList {
    private var patterns: [Pattern] = []
    /// How many expressions there are.
    public private(set) var count = 0

    /// Nothing matches.
    public init() {}

    /// The lines that are expressions, and what is wrong with the others. Each is tried alone first, so that a bad one can be
    /// named.
    public static func read(_ lines: [ListLine], _ plugin: Plugin) -> (list: PatternList, mistakes: [ListMistake]) {
        var list = PatternList()
        var mistakes: [ListMistake] = []
        var good: [String] = []
        for line in lines {
            let source = line.text.string
            do throws(PluginError) {
                _ = try compiled(source, plugin)
                good.append(source)
            } catch {
                mistakes.append(line.mistake(error.cause))
            }
        }
        list.count = good.count
        for sources in portions(of: good) { list.add(sources, plugin) }
        return (list, mistakes)
    }

    /// Whether the whole subject matches one of them; an empty one does not.
    public func matches(_ subject: Text) -> Bool { !subject.isEmpty && patterns.contains { $0.matches(subject) } }

    /// One for all of them; or one for each, if they disturb each other, as by groups of the same name.
    private mutating func add(_ sources: [String], _ plugin: Plugin) {
        if let all = try? PatternList.compiled(alternatives(sources), plugin) { return patterns.append(all) }
        patterns += sources.compactMap { try? PatternList.compiled($0, plugin) }
    }

    private static func compiled(_ source: String, _ plugin: Plugin) throws(PluginError) -> Pattern {
        try Pattern(plugin, source, caseless: true, whole: true)
    }
}

/// `(?|a|b)`: what matches one of them. Groups are counted anew in each, so that `\1` means what it did alone.
func alternatives(_ sources: [String]) -> String {
    var all = "(?|"
    for (index, source) in sources.enumerated() { all += index == 0 ? source : "|" + source }
    return all + ")"
}

/// Sources in portions: a compiled expression has a largest size, which a long list would exceed.
func portions(of sources: [String], bytes limit: Int = 4096) -> [[String]] {
    var portions: [[String]] = []
    var size = limit
    for source in sources {
        if size + source.utf8.count > limit {
            portions.append([])
            size = 0
        }
        portions[portions.count - 1].append(source)
        size += source.utf8.count
    }
    return portions
}

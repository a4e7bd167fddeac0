// How two layers of one file become one: the plugin's defaults below, the administrator's file above.

extension Parsed {
    /// This layer under `upper`: what the upper layer says wins, as it does in Haraka.
    ///
    /// Maps (ini, JSON) are merged key by key; a list replaces the one below unless it is empty; a value or a binary
    /// file replaces the one below unless it is null. The findings of both layers are kept.
    func overlaid(by upper: Parsed) -> Parsed {
        var merged = self
        merged.file = upper.file
        merged.value = Overlay.merge(value, upper.value)
        merged.diagnostics += upper.diagnostics
        merged.isRefused = isRefused || upper.isRefused
        for (key, source) in upper.sources where !source.isEmpty { merged.sources[key] = source }
        return merged
    }
}

/// The rules of merging.
private enum Overlay {
    /// Two values of which at least one is a whole file, or an entry that is not null.
    static func merge(_ lower: ConfigValue, _ upper: ConfigValue) -> ConfigValue {
        switch (lower, upper) {
        case (_, .null): lower
        case (.list, .list(let items)): items.isEmpty ? lower : upper
        case (.map(let lower), .map(let upper)): .map(merge(lower, upper))
        default: upper
        }
    }

    /// Key by key: the lower map's order, then what the upper one adds.
    private static func merge(_ lower: OrderedMap, _ upper: OrderedMap) -> OrderedMap {
        var merged = lower
        for (key, value) in upper.entries {
            merged[key] = merged[key].map { merge(entry: $0, value) } ?? value
        }
        return merged
    }

    /// Within a map null is a value like any other (a bare `key`), except over a whole map or list.
    private static func merge(entry lower: ConfigValue, _ upper: ConfigValue) -> ConfigValue {
        switch (lower, upper) {
        case (.map, .null), (.list, .null): lower
        case (_, .null): .null
        default: merge(lower, upper)
        }
    }
}

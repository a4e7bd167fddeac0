// That the plugin can be registered is all it decides by itself; the search is the kit's, and Tests/Foreign has the rest.
import HarakaPluginKit
import Testing

@testable import DataSignatures

@Suite("data.signatures")
struct DataSignaturesTests {
    @Test("a signature is found over the border of two pieces, with its case only")
    func borders() {
        let search = ByteSearch(["http://spam.example/", "Buy now"])
        let cases = [(["x http://sp", "am.example/y"], true), (["buy ", "now"], false), (["Buy n", "ow"], true)]
        for (pieces, expected) in cases {
            var place = ByteSearch.Place()
            let found = pieces.contains { piece in
                Array(piece.utf8).withUnsafeBytes { search.finds(in: $0, from: &place) } != nil
            }
            #expect(found == expected, "\(pieces)")
        }
    }
}

// Names and passwords in texts.
import Testing

@testable import PreventCredentialLeaks

@Suite("prevent_credential_leaks")
struct CredentialsTests {
    func leaks(_ user: String, _ password: String, in pieces: String...) -> Bool {
        guard let credentials = Credentials(user: user, password: password) else { return false }
        var finding = Finding(credentials)
        return pieces.contains { piece in Array(piece.utf8).withUnsafeBytes { finding.isComplete(with: $0) } }
    }

    @Test("both must be there, in any order, over any border")
    func both() {
        #expect(leaks("bob", "s3cret", in: "I am Bob and it is s3cret"))
        #expect(leaks("bob", "s3cret", in: "s3c", "ret is what bO", "B uses"))
        #expect(!leaks("bob", "s3cret", in: "I am bob"))
        #expect(!leaks("bob", "s3cret", in: "s3cret"))
        #expect(!leaks("bob", "s3cret", in: "bob S3CRET"))
    }

    @Test("the domain of a name may be there or not")
    func domains() {
        #expect(leaks("bob@example.com", "s3cret", in: "BOB s3cret"))
        #expect(leaks("bob@example.com", "s3cret", in: "bob@example.com s3cret"))
        #expect(!leaks("@example.com", "s3cret", in: "example.com s3cret"))
    }

    @Test("a password is compared as bytes, whatever is in it")
    func odd() {
        #expect(leaks("bob", "a.*(é", in: "bob a.*(é"))
        #expect(!leaks("bob", "a.c", in: "bob abc"))
    }

    @Test("without a name or a password there is nothing to find")
    func empty() {
        #expect(Credentials(user: "", password: "x") == nil)
        #expect(Credentials(user: "x", password: "") == nil)
    }
}

// auth_flat_file.ini, line by line.
import Testing

@testable import FlatFile

private func file(_ text: String) -> UserFile {
    UserFile(text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) })
}

private let crypted = "$y$j75$ohMdHXeGu3gyNBgXtZ0wI.$cmkAtCPxrXQ8iZ8PrOEAogV68E3Ahv6FOBsni0jzK50"

@Suite("auth_flat_file.ini")
struct UserFileTests {
    @Test("names and passwords, whatever characters they have")
    func users() {
        let file = file(
            "; users\n[users]\nann@example.com=secret\n  bob = p w \n# no\ncarl=007\ndora===;#\\\r\njos\u{E9}=\u{1F511}\n"
        )
        #expect(
            file.users == [
                "ann@example.com": .plain("secret"), "bob": .plain("p w"), "carl": .plain("007"),
                "dora": .plain("==;#\\"),
                "jos\u{E9}": .plain("\u{1F511}"),
            ])
        #expect(file.mistakes == [])
        #expect(file.constrainsSender)
    }

    @Test("without users nothing is offered, with clear passwords everything")
    func offered() {
        #expect(file("").methods == [])
        #expect(file("[core]\nmethods=PLAIN\n").methods == [])
        #expect(file("[users]\na=b\n").methods == UserFile.all)
    }

    @Test("what one user cannot do is not offered to any, unless the file says so")
    func mixed() {
        let users = "[users]\na=clear\nb=\(crypted)\n"
        #expect(file(users).methods == ["PLAIN", "LOGIN"])
        #expect(file("[core]\nmethods=plain, cram-md5\n" + users).methods == ["PLAIN", "CRAM-MD5"])
        #expect(file("[core]\nmethods=CRAM-MD5,LOGIN\n[users]\nb=\(crypted)\n").methods == ["LOGIN"])
    }

    @Test("mistakes name the line, and never what stands behind the equals sign")
    func mistakes() {
        let file = file(
            "[core]\nmethods=PLAIN,DIGEST-MD5\nconstrain_sender=perhaps\n[users\n[users]\nsecretsecret\n=secret\nann=\n"
                + "bob={FOO}secret\ncarl=a\ncarl=b\n")
        #expect(
            file.mistakes == [
                "line 2: methods: DIGEST-MD5 is none of SCRAM-SHA-256-PLUS, SCRAM-SHA-256, PLAIN, LOGIN, CRAM-MD5",
                "line 3: constrain_sender is neither true nor false", "line 4: no ] at the end of this line",
                "line 6: no = in this line", "line 7: no name before the =", "line 8: ann has no password",
                "line 9: the password of bob is in no known form", "line 11: carl is there already",
            ])
        let stray = UserFile([Array("ann=secret".utf8), Array("[users]".utf8)])
        #expect(stray.mistakes == ["line 1: no such key here: ann"])
        // The others count.
        #expect(file.users == ["carl": .plain("a")])
        #expect(UserFile([[0x61, 0xFF]]).mistakes == ["line 1: not UTF-8"])
    }

    @Test("constrain_sender in [core], or where Haraka's auth_base looks for it")
    func constrain() {
        #expect(!file("[core]\nconstrain_sender=false\n").constrainsSender)
        #expect(!file("[main]\nconstrain_sender=no\n").constrainsSender)
        #expect(!file("constrain_sender=0\n").constrainsSender)
        #expect(file("[other]\nconstrain_sender=false\n").constrainsSender)
    }

    @Test("a stranger is measured by the same user each time, and not all strangers by one")
    func models() {
        let file = file("[users]\na=1\nb=2\nc=3\nd=\(crypted)\n")
        let secret: [UInt8] = [1, 2, 3]
        #expect(file.model(for: "x", secret) == file.model(for: "x", secret))
        let models = (0..<50).compactMap { file.model(for: "stranger\($0)", secret) }
        #expect([.plain("1"), .plain("2"), .plain("3"), .crypt(crypted)].allSatisfy { models.contains($0) })
        #expect((0..<50).allSatisfy { file.scramModel(for: "stranger\($0)", secret) != .crypt(crypted) })
        #expect(UserFile([]).model(for: "x", secret) == nil)
    }
}

// The arguments of MAIL and RCPT.

import SMTPSyntax
import Testing

@Suite("PathParser")
struct PathParserTests {
    /// `address|NAME=value|NAME`
    private func flat(_ argument: PathArgument) -> String {
        let parameters = argument.parameters.map { parameter in
            parameter.value.map { "\(parameter.name)=\($0)" } ?? parameter.name
        }
        return ([argument.address] + parameters).joined(separator: "|")
    }

    @Test(
        "MAIL is taken apart as Haraka does",
        arguments: [
            ("FROM:<a@b>", "<a@b>"),
            ("from:<a@b>", "<a@b>"),
            ("FROM: <a@b>", "<a@b>"),
            ("FROM:<>", "<>"),
            ("FROM:", "<>"),
            ("FROM:<a@b> SIZE=1", "<a@b>|SIZE=1"),
            ("FROM:<a@b>   size=1   Body=8BITMIME SMTPUTF8 ", "<a@b>|SIZE=1|BODY=8BITMIME|SMTPUTF8"),
            ("FROM:<a@b> AUTH=<>", "<a@b>|AUTH=<>"),
            ("FROM:<a@b> X=a X=b", "<a@b>|X=a|X=b"),
            ("FROM:a@b", "a@b"),
            ("FROM:a@b SIZE=1", "a@b|SIZE=1"),
            ("FROM:user=name@example.net", "user=name@example.net"),
            ("FROM: SIZE=1", "SIZE=1"),
            ("<a@b>", "<a@b>"),
            ("FROM:<\"a b\"@c>", "<\"a b\"@c>"),
            ("FROM:<\"from:x\"@c>", "<\"from:x\"@c>"),
            ("<\"from:x\"@c>", "<\"from:x\"@c>"),
            ("FROM:<a@b> X=\u{E4}", "<a@b>|X=\u{E4}"),
        ])
    func mail(argument: String, expected: String) throws {
        #expect(try flat(PathParser.mail(argument, strict: false)) == expected)
    }

    @Test(
        "MAIL that cannot be taken apart is an error with Haraka's text",
        arguments: [
            ("", "Invalid format of mail command: "),
            ("FROM:<a@b> SIZE=", "Syntax error in parameters (\"<a@b> SIZE=\")"),
            ("FROM:<a@b> =1", "Syntax error in parameters (\"<a@b> =1\")"),
            ("FROM:<a@b> A=b=c", "Syntax error in parameters (\"<a@b> A=b=c\")"),
            ("FROM:<a@b> -A", "Syntax error in parameters (\"<a@b> -A\")"),
            ("FROM:<a@b> A_B X", "Syntax error in parameters (\"<a@b> A_B\")"),
            ("FROM:<a@b> X=\u{7F}", "Syntax error in parameters (\"<a@b> X=\u{7F}\")"),
            ("FROM:<a @b> <c>", "Syntax error in parameters (\"<a @b> <c>\")"),
        ])
    func mailErrors(argument: String, message: String) {
        #expect(throws: SyntaxError(message: message)) { try PathParser.mail(argument, strict: false) }
    }

    @Test(
        "strict wants FROM: and angle brackets without blanks before them",
        arguments: [
            "FROM:", "FROM: <a@b>", "FROM:a@b", "<a@b>", "FROM:<a@b", "FROM: SIZE=1", "",
        ])
    func strictMail(argument: String) {
        #expect(throws: SyntaxError.self) { try PathParser.mail(argument, strict: true) }
    }

    @Test("strict accepts what RFC 5321 allows")
    func strictAccepts() throws {
        #expect(try flat(PathParser.mail("FROM:<> SIZE=1", strict: true)) == "<>|SIZE=1")
        #expect(try flat(PathParser.rcpt("TO:<a@b> NOTIFY=NEVER", strict: true)) == "<a@b>|NOTIFY=NEVER")
        #expect(throws: SyntaxError(message: "Invalid format of rcpt command: a@b")) {
            try PathParser.rcpt("TO:a@b", strict: true)
        }
    }

    @Test(
        "RCPT is taken apart as Haraka does",
        arguments: [
            ("TO:<a@b>", "<a@b>"),
            ("to: <a@b> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a@b", "<a@b>|NOTIFY=SUCCESS,FAILURE|ORCPT=rfc822;a@b"),
            ("TO:a@b", "<a@b>"),
            ("TO:<a@b", "<<a@b>"),
            ("TO:<Postmaster>", "<Postmaster>"),
            ("TO:<abuse>", "<abuse>"),
            ("TO:<@x,@y:a@b>", "<@x,@y:a@b>"),
        ])
    func rcpt(argument: String, expected: String) throws {
        #expect(try flat(PathParser.rcpt(argument, strict: false)) == expected)
    }

    @Test(
        "RCPT without a usable path is an error with Haraka's text",
        arguments: [
            ("TO:", "Syntax error in address: "),
            ("TO:<>", "Syntax error in address: <>"),
            ("TO:<user>", "Syntax error in address: <user>"),
            ("TO:postmaster", "Syntax error in address: postmaster"),
            ("TO:<\"a b\"@c>", "Syntax error in parameters"),
            ("TO:<a@b> =", "Syntax error in parameters (\"<a@b> =\")"),
            ("", "Invalid format of rcpt command: "),
        ])
    func rcptErrors(argument: String, message: String) {
        #expect(throws: SyntaxError(message: message)) { try PathParser.rcpt(argument, strict: false) }
    }

    @Test("thousands of parameters are taken apart in their order")
    func manyParameters() throws {
        let names = (0..<5000).map { "P\($0)" }
        let parts = try PathParser.mail("FROM:<a@b> " + names.joined(separator: " "), strict: false)
        #expect(parts.parameters.map(\.name) == names)
    }
}

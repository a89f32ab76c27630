import Testing

@testable import CausewayIO

@Suite struct JournalSocketTests {
    private func text(_ fields: [(name: String, value: String)]) -> String {
        String(decoding: JournalSocket.message(fields), as: UTF8.self)
    }

    @Test func `a field is a line`() {
        #expect(self.text([("MESSAGE", "it is so"), ("PRIORITY", "6")]) == "MESSAGE=it is so\nPRIORITY=6\n")
        #expect(self.text([("A", "")]) == "A=\n" && self.text([("A", "b=c")]) == "A=b=c\n")
    }

    @Test func `a value of several lines has its length in front`() {
        let message = JournalSocket.message([("MESSAGE", "a\nPRIORITY=0")])
        let wanted = Array("MESSAGE\n".utf8) + [12, 0, 0, 0, 0, 0, 0, 0] + Array("a\nPRIORITY=0\n".utf8)
        #expect(message == wanted)
    }

    @Test(arguments: [
        ("exit", "EXIT"), ("left_out", "LEFT_OUT"), ("a-b c\n", "A_B_C_"), ("_PID", "F_PID"), ("1", "F1"), ("", "F"),
    ])
    func `a name is made one that the journal takes`(name: String, written: String) {
        #expect(self.text([(name, "x")]) == "\(written)=x\n")
    }

    @Test func `what is too much is left out`() {
        let long = String(repeating: "x", count: 100_000)
        let message = JournalSocket.message((0..<100).map { ("F\($0)", long) })
        #expect(message.count < 180_000 && message.last == 0x0a)
        #expect(message.filter { $0 == 0x0a }.count == JournalSocket.maximumFieldCount)
    }

    @Test(arguments: [nil, "", ":", "1:", "1:2:3", "a:b", "-1:2", "0:0", "18446744073709551616:1"])
    func `standard error is not the stream of something else`(variable: String?) {
        #expect(!JournalSocket.isStandardError(variable))
    }

    @Test func `where nobody listens the sender is told`() throws {
        let socket = try #require(JournalSocket(path: "/nonexistent/socket"))
        #expect(!socket.send([("MESSAGE", "x")]))
        #expect(JournalSocket(path: String(repeating: "/x", count: 60)) == nil && JournalSocket(path: "x") == nil)
    }
}

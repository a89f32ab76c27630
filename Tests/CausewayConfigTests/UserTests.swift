import CausewayCrypto
import Testing

@testable import CausewayConfig

@Suite struct UserTests {
    private let tunnel = """
        listeners: [{ name: l, type: tunnel, address: "[::]:443", key: "\(key(1))", users: true, exit: e }]
        \(minimalExit)

        """

    @Test func `reads keys and passwords`() throws {
        let text =
            self.tunnel + """
                users:
                  - { name: alice, key: "\(key(2))" }
                  - { name: bob, key: "\(key(3))", password: "p:w \u{fc}" }
                  - { name: 42, password: { file: p } }
                """
        let configuration = try Configuration.parse(text, files: files(["p": "\n secret word \n\n"]))
        #expect(configuration.users.map(\.name) == ["alice", "bob", "42"])
        #expect(configuration.users.map(\.keys) == [[secret(2)], [secret(3)], []])
        let passwords = configuration.users.map { $0.password?.withBytes { String(decoding: $0, as: UTF8.self) } }
        #expect(passwords == [nil, "p:w \u{fc}", "secret word"])
    }

    @Test(arguments: [
        (#"{ name: u }"#, #"f:3: users[0]: needs a "key", a "password" or both"#),
        (#"{ key: "\#(key(2))" }"#, #"f:3: users[0]: needs "name""#),
        (#"{ name: u, key: "\#(key(2, 32))" }"#, "f:3: users[0].key: the key has 32 bytes, where the method wants 16"),
        (#"{ name: u, key: "\#(key(1))" }"#, #"f:3: users[0].key: is the same key as that of listener "l""#),
        (#"{ name: u, key: "\#(key(2))", password: "" }"#, "users[0].password: the password is not 1 to 255 bytes"),
        (#"{ name: u, key: "\#(key(2))", keys: ["\#(key(3))"] }"#, #"keys: is there beside "key""#),
        (#"{ name: u, key: "\#(key(2))", quota: -1 GB }"#, "f:3: users[0].quota: is not a number of bytes"),
        (#"{ name: u, key: "\#(key(2))", quota: 2 EiB }"#, "users[0].quota: is not a number of bytes"),
        (#"{ name: u, key: "\#(key(2))", quota: 99999999 PB }"#, "users[0].quota: is not a number of bytes"),
        (#"{ name: u, key: "\#(key(2))", cycle: monthly@32 }"#, "users[0].cycle: is not \"none\", \"days:30\""),
        (#"{ name: u, key: "\#(key(2))", cycle: "days:0" }"#, "users[0].cycle: is not"),
        (#"{ name: u, key: "\#(key(2))", zone: Mars/Olympus }"#, "users[0].zone: is not a time zone"),
        (#"{ name: u, key: "\#(key(2))", zone: ../../../etc/passwd }"#, "users[0].zone: is not a time zone"),
        (#"{ name: u, key: "\#(key(2))", expires: 2027-02-31 }"#, "users[0].expires: is not a date"),
        (#"{ name: u, key: "\#(key(2))", rate: 100 }"#, "users[0].rate: is not a rate such as"),
        (#"{ name: u, key: "\#(key(2))", devices: 0 }"#, "users[0].devices: is not a whole number from 1"),
        (#"{ name: u, key: "\#(key(2))", note: "a\tb" }"#, "users[0].note: is not up to 1024 bytes of printable text"),
        (#"{ name: u, key: "\#(key(2))", pasword: x }"#, #"unknown key (did you mean "password"?)"#),
        (
            #"{ name: u, key: "\#(key(2))" }, { name: u, key: "\#(key(3))" }"#,
            #"f:3: users[1].name: there is another user "u" (line 3)"#
        ),
        (
            #"{ name: u, key: "\#(key(2))" }, { name: v, key: "\#(key(2))" }"#,
            #"f:3: users[1].key: is the same key as that of user "u""#
        ),
        (#"{ name: u, password: p }"#, "f:1: listeners[0].users: no user has a key"),
    ])
    func `refuses a mistake in a user`(users: String, finding: String) {
        let found = findings("\(self.tunnel)users: [\(users)]")
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.contains(finding) == true, "\(found)")
    }

    @Test func `a password may have 255 bytes and no more`() {
        func found(_ count: Int) -> [String] {
            let password = String(repeating: "p", count: count)
            return findings("\(self.tunnel)users: [{ name: u, key: \"\(key(2))\", password: \(password) }]")
        }
        #expect(found(255) == [])
        #expect(found(256).count == 1)
    }

    @Test func `no finding tells a key or a password`() {
        let wrong = String(key(2).dropLast())
        let found = findings("\(self.tunnel)users: [{ name: u, key: \"\(wrong)\", password: [hunter2] }]")
        #expect(found.count == 2)
        #expect(!found.joined().contains(wrong.prefix(6)) && !found.joined().contains("hunter2"))
    }
}

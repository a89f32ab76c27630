import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// What the journal hears of a node.
    @Suite struct JournalTests {
        @Test func `events come with their fields, and how many is the admin's to say`() throws {
            let directory = try TemporaryDirectory()
            let journal = try UnixDatagramSocket(at: directory.file("journal"))
            let port = try FreePort.next()
            // A shell finds out what its standard error is, as systemd tells a service.
            let shell = """
                export JOURNAL_STREAM="$(stat -L -c %d:%i /dev/stderr)"; exec "$@"
                """
            let node = try Node(
                """
                listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out }]
                exits: [{ name: out, type: direct, deny_ports: [9] }]
                admin: { socket: \(directory.file("admin.sock")) }

                """,
                listeningOn: [port],
                environment: ["CAUSEWAY_JOURNAL": directory.file("journal")],
                by: ["bash", "-c", shell, "-"]
            )
            let running = try #require(journal.receive())
            #expect(running.hasPrefix("MESSAGE=running aead="), "\(running)")
            for field in [
                "\nPRIORITY=6\n", "\nSYSLOG_IDENTIFIER=causeway\n", "\nCAUSEWAY_EVENT=running\n",
                "\nCAUSEWAY_LISTENERS=in\n",
            ] {
                #expect(running.contains(field), "\(running)")
            }

            func level(_ arguments: String...) throws -> String {
                let file = node.configurationFile
                let answer = try Command.run([Binaries.causeway, "log"] + arguments + ["-c", file])
                return answer.outputText + answer.errorText
            }
            #expect(try level() == "info\n" && level("critical") == "critical\n")
            #expect(try level("loud").contains("The level is one of trace, debug"))
            // What the configuration says holds again.
            kill(node.process.pid, SIGHUP)
            let told = journal.receive { $0.contains("CAUSEWAY_EVENT=reloaded") }
            #expect(told?.contains("\nPRIORITY=5\n") == true)
            #expect(try level() == "info\n" && level("error") == "error\n")
            // Of its end, which is worth a notice, nobody wants to hear now.
            try node.stop()
            #expect(journal.isEmpty)
            #expect(node.log.isEmpty, "\(node.log)")
        }

        @Test(arguments: ["1:1", "x", ""])
        func `standard error that is not the journal's gets lines with the time`(stream: String) throws {
            let directory = try TemporaryDirectory()
            let journal = try UnixDatagramSocket(at: directory.file("journal"))
            let port = try FreePort.next()
            let node = try Node(
                """
                listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out }]
                exits: [{ name: out, type: block }]

                """,
                listeningOn: [port],
                environment: ["JOURNAL_STREAM": stream, "CAUSEWAY_JOURNAL": directory.file("journal")]
            )
            try node.stop()
            #expect(node.log.contains(/\d\d:\d\d\.\d\d\dZ info running aead=/), "\(node.log)")
            #expect(journal.isEmpty)
        }

        @Test func `where the journal does not listen, lines have their priority`() throws {
            let port = try FreePort.next()
            let shell = """
                export JOURNAL_STREAM="$(stat -L -c %d:%i /dev/stderr)"; exec "$@"
                """
            let node = try Node(
                """
                listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out }]
                exits: [{ name: out, type: block }]

                """,
                listeningOn: [port],
                environment: ["CAUSEWAY_JOURNAL": "/nonexistent/socket"],
                by: ["bash", "-c", shell, "-"]
            )
            try node.stop()
            #expect(node.log.hasPrefix("<6>running aead="), "\(node.log)")
        }
    }
}

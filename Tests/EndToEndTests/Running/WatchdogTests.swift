import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// A node one of whose loops does not turn any more.
    @Suite struct WatchdogTests {
        /// The binary beside the tests, which is built for them: another one does not know how to stand still.
        private static let binary = Binaries.bundled("causeway")

        @Test func `a loop that stands still starves the watchdog, and is let go of when it turns again`() throws {
            let directory = try TemporaryDirectory()
            let manager = try UnixDatagramSocket(at: directory.file("notify"))
            let port = try FreePort.next()
            let file = try directory.write(
                """
                listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out }]
                exits: [{ name: out, type: block }]
                loops: 2

                """,
                to: "node.yaml"
            )
            // Whom the service manager ends is not to leave its memory on the disk.
            let process = try ChildProcess(
                ["prlimit", "--core=0", Self.binary, "run", "-c", file],
                environment: [
                    "NOTIFY_SOCKET": directory.file("notify"), "WATCHDOG_USEC": "300000",
                    "CAUSEWAY_STALL_WHILE_THERE_IS": directory.file("stall"), "SWIFT_BACKTRACE": "enable=no",
                ]
            )
            for _ in 0..<3 { #expect(manager.receive { $0.hasSuffix("\nWATCHDOG=1") } != nil, "\(process.errorText)") }

            func stall() throws {
                _ = try directory.write("", to: "stall")
                let stands = Deadline.wait(20) {
                    FileManager.default.fileExists(atPath: directory.file("stall.stands"))
                }
                #expect(stands)
                // What was asked before it stood still may have been answered; what is asked since is not. Longer than
                // the watchdog waits: the status is told three times as often.
                var unfed = 0
                for _ in 0..<20 where unfed < 5 {
                    unfed = manager.receive() == "STATUS=0 sessions" ? unfed + 1 : 0
                }
                #expect(unfed == 5)
            }
            try stall()
            try FileManager.default.removeItem(atPath: directory.file("stall"))
            #expect(manager.receive { $0.hasSuffix("\nWATCHDOG=1") } != nil)

            // The second time the service manager does what it is there for.
            try stall()
            kill(process.pid, SIGABRT)
            #expect(try process.waitForExit(within: 20) == .signalled(SIGABRT))
        }

        @Test(.enabled(if: ProcessInfo.processInfo.environment["CAUSEWAY_BINARY"] != nil, "a release binary is wanted"))
        func `the binary that is given to others cannot be made to stand still`() throws {
            let variable = Data("CAUSEWAY_STALL_WHILE_THERE_IS".utf8)
            let own = try Data(contentsOf: URL(fileURLWithPath: Self.binary), options: .alwaysMapped)
            let others = try Data(contentsOf: URL(fileURLWithPath: Binaries.causeway), options: .alwaysMapped)
            #expect(own.range(of: variable) != nil && others.range(of: variable) == nil)
        }
    }
}

import Foundation
import Synchronization
import TestSupport
import Testing

extension EndToEnd {
    /// What a service manager hears (sd_notify(3)).
    @Suite struct ServiceManagerTests {
        /// The message with `prefix` that comes while `body` runs. A service manager reads all the time: what does not fit
        /// into its socket is lost.
        private static func message(
            _ prefix: String,
            to manager: UnixDatagramSocket,
            while body: () throws -> Void
        ) throws -> String? {
            let found = Mutex<String?>(nil)
            try Background.run {
                let message = manager.receive { $0.hasPrefix(prefix) }
                found.withLock { $0 = message }
            } while: {
                try body()
            }
            return found.withLock { $0 }
        }

        @Test(arguments: ["/", "@"])
        func `a service manager hears of the start, the watchdog, a reload and the end`(kind: String) throws {
            let directory = try TemporaryDirectory()
            let path = kind == "/" ? directory.file("notify") : "@causeway-test-\(getpid())"
            let manager = try UnixDatagramSocket(at: path)
            let port = try FreePort.next()
            let node = try Node(
                """
                listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out }]
                exits: [{ name: out, type: direct }]

                """,
                listeningOn: [port],
                environment: ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"]
            )
            #expect(manager.receive() == "READY=1\nSTATUS=0 sessions")
            // Each time that all loops have turned.
            for _ in 0..<3 {
                #expect(manager.receive { $0.hasSuffix("\nWATCHDOG=1") } == "STATUS=0 sessions\nWATCHDOG=1")
            }
            kill(node.process.pid, SIGHUP)
            #expect(manager.receive { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") } != nil)
            #expect(manager.receive { $0.hasPrefix("READY=1\n") } != nil)
            #expect(try Self.message("STOPPING=1\n", to: manager) { try node.stop() } != nil)
        }

        @Test func `a hand-over makes the new process the one that is looked after`() throws {
            let directory = try TemporaryDirectory()
            let path = directory.file("notify")
            let manager = try UnixDatagramSocket(at: path)
            let port = try FreePort.next()
            let node = Lineage(
                try Node(
                    """
                    listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out }]
                    exits: [{ name: out, type: direct }]
                    admin: { socket: \(directory.file("admin.sock")) }

                    """,
                    listeningOn: [port],
                    environment: ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"]
                )
            )
            let main = try Self.message("MAINPID=", to: manager) { try node.upgrade() }
            #expect(main == "MAINPID=\(node.process)")
            // What the old process says from now on is nothing, so that all of it is the new one's.
            #expect(manager.receive() == "READY=1\nSTATUS=0 sessions")
            for _ in 0..<3 {
                #expect(manager.receive { $0.hasSuffix("\nWATCHDOG=1") } == "STATUS=0 sessions\nWATCHDOG=1")
            }
            #expect(try Self.message("STOPPING=1\n", to: manager) { try node.stop() } != nil)
        }

        /// Sockets of the service manager (sd_listen_fds(3)): connections may come before there is a node.
        @Test(arguments: [1, 3]) func `sockets that were given are listened at, by all loops`(loops: Int) throws {
            let directory = try TemporaryDirectory()
            let (port, other) = (try FreePort.next(), try FreePort.next())
            // What is given beyond what listeners want is left alone.
            let manager = """
                import os, socket, sys
                for number, port in enumerate(sys.argv[1:3]):
                    listener = socket.create_server(("127.0.0.1", int(port)))
                    os.dup2(listener.detach(), 10 + number)
                waiting = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
                for number in range(2): os.dup2(10 + number, 3 + number)
                os.closerange(10, 12)
                os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="a:b")
                os.set_inheritable(waiting.fileno(), True)
                os.execvp(sys.argv[3], sys.argv[3:])
                """
            let node = Lineage(
                try Node(
                    """
                    listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out }]
                    exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
                    admin: { socket: \(directory.file("admin.sock")) }
                    loops: \(loops)

                    """,
                    listeningOn: [port],
                    by: ["python3", "-c", manager, "\(port)", "\(other)"]
                )
            )
            let log = node.node.log
            #expect(log.contains("a socket was given that no listener wants address=127.0.0.1:\(other)"), "\(log)")
            let echo = try LoopbackServer.echo()
            for _ in 0..<2 {
                let sessions = try (0..<20).map { _ in try LoopbackSocket.session(via: port, to: echo.port) }
                for session in sessions {
                    try session.write([1])
                    #expect(try session.read(exactly: 1) == [1])
                }
                // They are handed on as any.
                try node.upgrade()
            }
            try node.stop()
        }

        @Test func `without one the node runs as well`() throws {
            let port = try FreePort.next()
            for environment in [
                ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "relative"], ["NOTIFY_SOCKET": "/nonexistent/x"],
            ] {
                let node = try Node(
                    """
                    listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out }]
                    exits: [{ name: out, type: direct }]

                    """,
                    listeningOn: [port],
                    environment: environment
                )
                try node.stop()
            }
        }

        @Test(.enabled(if: Binaries.exists("systemd-analyze"), "systemd-analyze is wanted"))
        func `the units are ones that systemd takes, and leaves little of the system exposed`() throws {
            let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../.."
            let unit = root + "/systemd/causeway@.service"
            let others = [
                "@client.socket", "@entry.socket", "@exit.socket", "-brutal.service", "-reboot-guard.service",
            ]
            let verified = try Command.run(
                ["systemd-analyze", "verify", "--man=no", unit] + others.map { "\(root)/systemd/causeway\($0)" }
            )
            // That the program is not installed where the unit looks for it is all that there is to say.
            let faults = verified.errorText.split(separator: "\n").filter { !$0.contains("is not executable") }
            #expect(faults.isEmpty, "\(faults)")
            for service in [unit, "\(root)/systemd/causeway-brutal.service"] {
                let judged = try Command.run([
                    "systemd-analyze", "security", "--offline=yes", "--threshold=15", service,
                ])
                #expect(judged.succeeded, "\(String(decoding: judged.output, as: UTF8.self))")
            }
        }
    }
}

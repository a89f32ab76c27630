import Foundation
import TestSupport
import Testing

extension EndToEnd {
    @Suite struct SSHTests {
        @Test func `a server that speaks first is heard before the client has sent a byte`() throws {
            let server = try LoopbackServer { connection in
                try connection.write(Array("220 ready\r\n".utf8))
                let line = try connection.read(exactly: 6)
                try connection.write(line)
            }
            let chain = try Chain()
            let session = try chain.session(to: server.port)
            #expect(try session.read(exactly: 11) == Array("220 ready\r\n".utf8))
            try session.write(Array("QUIT\r\n".utf8))
            #expect(try session.read(exactly: 6) == Array("QUIT\r\n".utf8))
            try chain.stop()
        }

        @Test(
            .enabled(if: Binaries.exists("sshd") || FileManager.default.isExecutableFile(atPath: "/usr/sbin/sshd")),
            .enabled(if: Binaries.exists("socat")),
            arguments: ["PROXY", "SOCKS4A"]
        )
        func `ssh runs a command through a ProxyCommand`(kind: String) throws {
            let directory = try TemporaryDirectory()
            let port = try FreePort.next()
            let daemon = try Self.startDaemon(in: directory, on: port)
            let chain = try Chain()
            let portOption = kind == "PROXY" ? "proxyport" : "socksport"
            let input = directory.file("input")
            let sent = BytePattern.slice(at: 5, count: 300_000)
            try Data(sent).write(to: URL(fileURLWithPath: input))
            let run = try Command.run(
                [
                    "ssh", "-F", "none", "-i", directory.file("user"), "-p", "\(port)", "-o", "BatchMode=yes",
                    "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                    "-o", "ProxyCommand=socat - \(kind):127.0.0.1:%h:%p,\(portOption)=\(chain.proxyPort)",
                    "\(NSUserName())@127.0.0.1", "cat",
                ],
                input: input
            )
            #expect(run.succeeded, "\(run.errorText)\n\(daemon.errorText)")
            #expect(run.output == sent)
            try chain.stop()
        }

        /// An sshd of the test's own, with keys of its own, that lets the current user in.
        private static func startDaemon(in directory: TemporaryDirectory, on port: UInt16) throws -> ChildProcess {
            for name in ["host", "user"] {
                let made = try Command.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory.file(name)])
                guard made.succeeded else { throw TestFailure("ssh-keygen: \(made.errorText)") }
            }
            let configuration = try directory.write(
                """
                ListenAddress 127.0.0.1:\(port)
                HostKey \(directory.file("host"))
                AuthorizedKeysFile \(directory.file("user.pub"))
                PidFile none
                StrictModes no
                UsePAM no
                PermitRootLogin yes

                """,
                to: "sshd_config"
            )
            // The daemon wants its empty directory for privilege separation, which only a boot script makes.
            try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
            let daemon = try ChildProcess(["/usr/sbin/sshd", "-D", "-e", "-f", configuration])
            guard Deadline.wait(20, until: { ProcessStatus.isListening(port: port) }) else {
                throw TestFailure("sshd does not listen:\n\(daemon.errorText)")
            }
            return daemon
        }
    }
}

import Foundation
import TestSupport
import Testing

extension EndToEnd {
    @Suite struct GitTests {
        @Test(arguments: ["socks5h://", "http://"])
        func `git clones over HTTP through client and exit`(scheme: String) throws {
            let directory = try TemporaryDirectory()
            let commit = try Self.makeRepository(in: directory)
            let port = try FreePort.next()
            let server = try Self.serve(directory, on: port)
            let chain = try Chain()
            let clone = directory.file("clone")
            let cloned = try Command.run(
                [
                    "git", "-c", "http.proxy=\(scheme)127.0.0.1:\(chain.proxyPort)", "clone", "--quiet",
                    "http://127.0.0.1:\(port)/cgi-bin/git/repository.git", clone,
                ],
                environment: ["GIT_TERMINAL_PROMPT": "0", "no_proxy": "", "NO_PROXY": ""]
            )
            #expect(cloned.succeeded, "\(cloned.errorText)\n\(server.errorText)")
            #expect(try Command.run(["git", "-C", clone, "rev-parse", "HEAD"]).outputText == commit)
            #expect(try Command.run(["git", "-C", clone, "fsck", "--full"]).succeeded)
            try chain.stop()
        }

        /// A bare repository with one commit of some megabytes, and the commit's name.
        private static func makeRepository(in directory: TemporaryDirectory) throws -> String {
            let source = directory.file("source")
            try Self.git(["init", "--quiet", source])
            try Data(BytePattern.slice(at: 0, count: 3_000_000)).write(to: URL(fileURLWithPath: "\(source)/pattern"))
            try Self.git(["-C", source, "add", "pattern"])
            try Self.git([
                "-C", source, "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "-m",
                "One",
            ])
            try Self.git(["clone", "--quiet", "--bare", source, directory.file("repository.git")])
            return try Command.run(["git", "-C", source, "rev-parse", "HEAD"]).outputText
        }

        private static func git(_ arguments: [String]) throws {
            let run = try Command.run(["git"] + arguments)
            guard run.succeeded else { throw TestFailure("git \(arguments): \(run.errorText)") }
        }

        /// git's own HTTP backend behind Python's CGI server.
        private static func serve(_ directory: TemporaryDirectory, on port: UInt16) throws -> ChildProcess {
            try FileManager.default.createDirectory(
                atPath: directory.file("cgi-bin"),
                withIntermediateDirectories: true
            )
            // As root the CGI server becomes nobody, who must be let in and to whom the repository is a stranger's.
            let script = """
                #!/bin/sh
                export GIT_PROJECT_ROOT='\(directory.path)' GIT_HTTP_EXPORT_ALL=1
                export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
                exec git http-backend

                """
            try directory.write(script, to: "cgi-bin/git", mode: 0o755)
            _ = try Command.run(["chmod", "-R", "a+rX", directory.path])
            let server = try ChildProcess([
                "python3", "-m", "http.server", "--cgi", "--bind", "127.0.0.1", "--directory", directory.path,
                "\(port)",
            ])
            guard Deadline.wait(20, until: { ProcessStatus.isListening(port: port) }) else {
                throw TestFailure("the CGI server does not listen:\n\(server.errorText)")
            }
            return server
        }
    }
}

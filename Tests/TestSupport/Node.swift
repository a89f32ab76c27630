import Foundation

/// A running `causeway run`, ended when the test lets go of it.
public final class Node: Sendable {
    public let process: ChildProcess
    /// The path of its configuration.
    public let configurationFile: String
    private let directory: TemporaryDirectory

    /// Starts a node and waits until it listens.
    ///
    /// - Parameters:
    ///   - configuration: the text of its configuration file.
    ///   - ports: what it will listen on.
    ///   - descriptorLimit: RLIMIT_NOFILE of the process; as the test's own where left out.
    ///   - environment: variables added to those of the test.
    ///   - prefix: a command that runs it, in its own process.
    public init(
        _ configuration: String,
        listeningOn ports: [UInt16],
        descriptorLimit: Int? = nil,
        environment: [String: String] = [:],
        by prefix: [String] = []
    ) throws {
        self.directory = try TemporaryDirectory()
        let file = try self.directory.write(configuration, to: "node.yaml", mode: 0o600)
        self.configurationFile = file
        let limit = descriptorLimit.map { ["prlimit", "--nofile=\($0):\($0)"] } ?? []
        // Under AddressSanitizer a node is asked for its leaks; the test process is not.
        let options = ProcessInfo.processInfo.environment["CAUSEWAY_NODE_ASAN_OPTIONS"].map { ["ASAN_OPTIONS": $0] }
        let process = try ChildProcess(
            prefix + limit + [Binaries.causeway, "run", "-c", file],
            environment: environment.merging(options ?? [:]) { given, _ in given }
        )
        self.process = process
        // The listeners are bound before the API is.
        let admin = configuration.firstMatch(of: /admin: *{ *socket: *([^ ,}]+)/).map { String($0.1) }
        let listens = Deadline.wait(30) {
            process.exitStatus != nil
                || ports.allSatisfy { ProcessStatus.isListening(port: $0) }
                    && admin.map { (try? UnixSocket(connectingTo: $0)) != nil } ?? true
        }
        if let status = process.exitStatus {
            throw TestFailure("the node ended with \(status):\n\(process.errorText)")
        }
        guard listens else { throw TestFailure("the node does not listen on \(ports):\n\(process.errorText)") }
    }

    /// What the kernel says about the process.
    public var status: ProcessStatus { ProcessStatus(pid: self.process.pid) }

    /// Ends it as an operator does; throws when it does not end cleanly, so that a sanitizer's finding is a failure.
    public func stop() throws {
        guard self.process.stop() == .exited(0) else {
            throw TestFailure("the node ended with \(String(describing: self.process.exitStatus)):\n\(self.log)")
        }
    }

    /// What it has logged, without the colours a terminal would get.
    public var log: String { String(decoding: self.process.output, as: UTF8.self) + self.process.errorText }
}

import Foundation

/// A node whose processes hand over to new ones. The first has been started by the test, each other one by the one
/// before; all write to one log, and end with the first one's group.
public final class Lineage {
    /// The first process, with the configuration of all.
    public let node: Node
    /// The one that is the node now.
    public private(set) var process: Int32
    private var processes: [Int32]

    public init(_ node: Node) {
        self.node = node
        self.process = node.process.pid
        self.processes = [node.process.pid]
    }

    /// Runs `causeway upgrade`; throws what it says where the node has not handed over.
    public func upgrade() throws {
        let command = try Command.run([Binaries.causeway, "upgrade", "--json", "-c", self.node.configurationFile])
        guard command.succeeded else { throw TestFailure(command.errorText) }
        struct Report: Decodable { var process: Int32 }
        self.process = try JSONDecoder().decode(Report.self, from: Data(command.output)).process
        self.processes.append(self.process)
    }

    /// Whether all processes but the present one have ended.
    public var isAlone: Bool { self.processes.dropLast().allSatisfy { Self.hasEnded($0, of: self.node) } }

    /// Ends all processes that are there as an operator does, twice told; throws where one does not end, or a sanitizer
    /// has found something.
    public func stop() throws {
        for process in self.processes where !Self.hasEnded(process, of: self.node) { kill(process, SIGTERM) }
        _ = Deadline.wait(0.5) { self.hasEnded }
        for process in self.processes where !Self.hasEnded(process, of: self.node) { kill(process, SIGTERM) }
        guard Deadline.wait(20, until: { self.hasEnded }) else {
            throw TestFailure("a process stays:\n\(self.node.log)")
        }
        try self.node.stop()
        guard !self.node.log.contains("Sanitizer") else { throw TestFailure(self.node.log) }
    }

    private var hasEnded: Bool { self.processes.allSatisfy { Self.hasEnded($0, of: self.node) } }

    private static func hasEnded(_ process: Int32, of node: Node) -> Bool {
        process == node.process.pid ? node.process.exitStatus != nil : ProcessStatus(pid: process).hasEnded
    }
}

import Foundation
import TestSupport

/// A node whose `mixed` listener has users of a ledger: what goes through it is not sealed, so that the test sees on both
/// sides the very bytes that are billed.
final class UserNode {
    let port: UInt16
    private let directory: TemporaryDirectory
    private let disk: TestDisk?
    private let options: String
    private(set) var node: Node

    private var socket: String { self.directory.file("admin.sock") }

    /// - Parameters:
    ///   - disk: where the ledger is to be; the system's where there is none.
    ///   - options: more lines of the configuration.
    init(disk: TestDisk? = nil, options: String = "") throws {
        TestSize.allowManyDescriptors()
        self.port = try FreePort.next()
        self.directory = try TemporaryDirectory()
        self.disk = disk
        self.options = options
        self.node = try Self.start(self.port, self.directory, self.disk, options)
    }

    private static func start(
        _ port: UInt16,
        _ directory: TemporaryDirectory,
        _ disk: TestDisk?,
        _ options: String
    ) throws -> Node {
        try Node(
            """
            listeners: [{ name: local, type: mixed, address: "127.0.0.1:\(port)", users: true, exit: out }]
            exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
            loops: 2
            ledger: { path: \(disk.map { $0.path + "/ledger" } ?? directory.file("ledger")) }
            admin: { socket: \(directory.file("admin.sock")) }
            \(options)
            """,
            listeningOn: [port],
            by: disk?.prefix ?? []
        )
    }

    /// SIGKILL, in the middle of whatever it does.
    func kill() { self.node.process.kill() }

    /// Starts it anew on the same ledger.
    func restart() throws {
        self.node = try Self.start(self.port, self.directory, self.disk, self.options)
    }

    func stop() throws { try self.node.stop() }

    var log: String { self.node.log }

    // MARK: - The admin's side

    /// Runs a command against the node; its standard output.
    @discardableResult
    func causeway(_ arguments: String...) throws -> [UInt8] { try self.causeway(arguments) }

    @discardableResult
    func causeway(_ arguments: [String]) throws -> [UInt8] {
        let command = try Command.run([Binaries.causeway] + arguments + ["--socket", self.socket])
        guard command.succeeded else { throw TestFailure("\(arguments): \(command.errorText)") }
        return command.output
    }

    func user(_ name: String) throws -> UserShown {
        try UserShown(try self.causeway("user", "show", name, "--json"))
    }

    /// Adds a user whose password is its name.
    func add(_ name: String, _ options: String) throws {
        let command = try Command.run([
            "curl", "--silent", "--show-error", "--fail-with-body", "--unix-socket", self.socket,
            "--data", #"{"name":"\#(name)","password":"\#(name)"\#(options)}"#, "http://node/v1/users",
        ])
        guard command.succeeded else { throw TestFailure(String(decoding: command.output, as: UTF8.self)) }
    }

    // MARK: - The customer's side

    /// A session of `user` to a port of this machine; `nil` where the user is refused (RFC 1929).
    func session(_ user: String, to port: UInt16) throws -> LoopbackSocket? {
        let socket = try LoopbackSocket(connectingTo: self.port)
        try socket.write([5, 1, 2])
        guard try socket.read(exactly: 2) == [5, 2] else { throw TestFailure("passwords are not wanted") }
        try socket.write([1, UInt8(user.utf8.count)] + Array(user.utf8) + [UInt8(user.utf8.count)] + Array(user.utf8))
        guard (try? socket.read(exactly: 2)) == [1, 0] else { return nil }
        guard (try? socket.write([5, 1, 0, 1, 127, 0, 0, 1, UInt8(port >> 8), UInt8(port & 255)])) != nil,
            let reply = try? socket.read(exactly: 10), reply[1] == 0
        else { return nil }
        return socket
    }
}

import Foundation
import Synchronization
import TestSupport
import Testing

extension EndToEnd {
    /// Machines of a fleet, each a guard with a node; their reboots are a command of the test's.
    @Suite struct RebootGuardTests {
        @Test(arguments: ["file", "http"])
        func `of two that want to reboot one does, and the other when the first is well again`(kind: String) throws {
            let fleet = try Fleet(kind: kind)
            let machines = [try Machine("a", in: fleet), try Machine("b", in: fleet)]
            for machine in machines { try machine.want() }
            for machine in machines { try machine.start() }

            // One of them, whoever comes first.
            #expect(Deadline.wait(30) { machines.contains { $0.wasTold } })
            let first = try #require(machines.first { $0.wasTold })
            let second = try #require(machines.first { $0.name != first.name })
            #expect(Deadline.wait(30) { second.log.contains("the lock is held by \(first.name)") }, "\(second.log)")
            // It drained before it was told.
            #expect(try first.node.process.waitForExit(within: 20) == .exited(0))
            #expect(!second.wasTold && second.node.process.exitStatus == nil)

            try first.becomeUnwell()
            try first.boot()
            #expect(Deadline.wait(30) { first.log.contains("the health command fails still") }, "\(first.log)")
            #expect(try fleet.holder() == first.name)
            #expect(!second.wasTold)
            try first.becomeWell()
            #expect(Deadline.wait(30) { first.log.contains("the lock is released") }, "\(first.log)")

            #expect(Deadline.wait(30) { second.wasTold }, "\(second.log)")
            #expect(try fleet.holder() == second.name)
            try second.boot()
            #expect(Deadline.wait(30) { second.log.contains("the lock is released") }, "\(second.log)")
            #expect(try fleet.holder() == nil)
            // Once each.
            #expect(machines.map(\.times) == [1, 1])
        }

        @Test func `a reboot that fails gives the node and the lock back`() throws {
            let fleet = try Fleet(kind: "file")
            let machine = try Machine("a", in: fleet, reboot: "exit 3")
            try machine.want()
            try machine.start()
            #expect(Deadline.wait(30) { machine.log.contains("the reboot has failed") }, "\(machine.log)")
            #expect(machine.log.contains("status 3") && FileManager.default.fileExists(atPath: machine.resumed))
            #expect(try fleet.holder() == nil)
            #expect(machine.stop())
        }

        @Test func `nothing happens while nothing is wanted, the machine is unwell or a file is wrong`() throws {
            let fleet = try Fleet(kind: "file")
            let machine = try Machine("a", in: fleet)
            try machine.becomeUnwell()
            try machine.start()
            #expect(Deadline.wait(30) { machine.log.contains("guarding") })
            try machine.want()
            #expect(Deadline.wait(30) { machine.log.contains("and the health command fails") }, "\(machine.log)")
            #expect(try fleet.holder() == nil)
            #expect(!machine.wasTold && machine.node.process.exitStatus == nil)
            #expect(machine.stop())

            let wrong = try fleet.directory.write("lock: { fil: x }\n", to: "wrong.yaml")
            let refused = try Command.run([Binaries.causeway, "reboot-guard", "-c", wrong])
            #expect(refused.status == .exited(78))
            #expect(refused.errorText.contains("\(wrong):1: lock.fil: unknown key (did you mean \"file\"?)\n"))
        }
    }
}

/// What the machines share.
private final class Fleet {
    let directory: TemporaryDirectory
    let kind: String
    private let server: LockServer

    init(kind: String) throws {
        self.directory = try TemporaryDirectory()
        self.kind = kind
        self.server = try LockServer()
    }

    /// For a guard's configuration.
    var lock: String {
        self.kind == "file"
            ? "{ file: \(self.directory.file("reboot.lock")) }"
            : "{ url: \"http://127.0.0.1:\(self.server.port)/fleet\", token: secret }"
    }

    func holder() throws -> String? {
        guard self.kind == "file" else { return self.server.holder }
        let path = self.directory.file("reboot.lock")
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// The lock by HTTP, as the documentation has it.
private final class LockServer: Sendable {
    private let state: Lock
    private let server: LoopbackServer

    private final class Lock: Sendable {
        let holder = Mutex<String?>(nil)

        /// The answer to a request's head.
        func answer(_ head: String) -> String {
            let words = head.split(separator: " ").map(String.init)
            guard words.count > 2, words[1].hasPrefix("/fleet?owner="), head.contains("Authorization: Bearer secret")
            else { return "401 Unauthorized\r\nContent-Length: 0" }
            let owner = String(words[1].dropFirst("/fleet?owner=".count))
            return self.holder.withLock { holder in
                switch words[0] {
                case "PUT":
                    if holder == nil { holder = owner }
                    guard holder == owner else {
                        return "423 Locked\r\nContent-Length: \(holder?.utf8.count ?? 0)\r\n\r\n\(holder ?? "")"
                    }
                    return "200 OK\r\nContent-Length: 0"
                case "DELETE":
                    if holder == owner { holder = nil }
                    return "204 No Content"
                default: return "405 Method Not Allowed\r\nContent-Length: 0"
                }
            }
        }
    }

    init() throws {
        let state = Lock()
        self.state = state
        self.server = try LoopbackServer { connection in
            var head: [UInt8] = []
            while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) { head += try connection.read(exactly: 1) }
            let answer = state.answer(String(decoding: head, as: UTF8.self))
            let text = "HTTP/1.1 \(answer)" + (answer.contains("\r\n\r\n") ? "" : "\r\n\r\n")
            try connection.write(Array(text.utf8))
        }
    }

    var port: UInt16 { self.server.port }
    var holder: String? { self.state.holder.withLock { $0 } }
}

/// A node, and a guard for it.
private final class Machine {
    let name: String
    let node: Node
    let resumed: String
    private let directory: TemporaryDirectory
    private let configuration: String
    private var process: ChildProcess?
    /// What guards have said that are gone.
    private var said = ""

    /// - Parameter reboot: what a shell does instead of rebooting.
    init(_ name: String, in fleet: Fleet, reboot: String? = nil) throws {
        self.name = name
        self.directory = try TemporaryDirectory()
        self.resumed = self.directory.file("resumed")
        let port = try FreePort.next()
        self.node = try Node(
            """
            listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out }]
            exits: [{ name: out, type: block }]
            admin: { socket: \(self.directory.file("admin.sock")) }

            """,
            listeningOn: [port]
        )
        let told = reboot ?? "echo told >> \(self.directory.file("told"))"
        self.configuration = try self.directory.write(
            """
            name: \(name)
            required: \(self.directory.file("required"))
            every: 50 ms
            lock: \(fleet.lock)
            health: [test, "!", -e, \(self.directory.file("unwell"))]
            drain: { sockets: [\(self.directory.file("admin.sock"))], deadline: 20 s }
            reboot: [sh, -c, "\(told)"]
            resume: [touch, \(self.resumed)]
            state: \(self.directory.file("state"))

            """,
            to: "guard.yaml"
        )
        _ = try self.directory.write("boot-1\n", to: "boot")
    }

    deinit {
        self.process?.kill()
    }

    func start() throws {
        self.process = try ChildProcess(
            [Binaries.causeway, "reboot-guard", "-c", self.configuration],
            environment: ["CAUSEWAY_BOOT_ID_FILE": self.directory.file("boot")]
        )
    }

    /// Whether it ended cleanly when it was told to.
    func stop() -> Bool { self.process?.stop() == .exited(0) }

    func want() throws { _ = try self.directory.write("", to: "required") }

    /// The machine goes down as machines do, and comes up with nothing to reboot for.
    func boot() throws {
        self.said += self.process?.errorText ?? ""
        self.process?.kill()
        try FileManager.default.removeItem(atPath: self.directory.file("required"))
        _ = try self.directory.write("boot-2\n", to: "boot")
        try self.start()
    }

    func becomeUnwell() throws { _ = try self.directory.write("", to: "unwell") }
    func becomeWell() throws { try FileManager.default.removeItem(atPath: self.directory.file("unwell")) }

    var log: String { self.said + (self.process?.errorText ?? "") }

    /// How often it was told to reboot.
    var times: Int {
        let text = try? String(contentsOfFile: self.directory.file("told"), encoding: .utf8)
        return text?.split(separator: "\n").count ?? 0
    }

    var wasTold: Bool { self.times > 0 }
}

import CausewayBytes
import Foundation
import TestSupport
import Testing

@testable import CausewayIO

@Suite struct NotifySocketTests {
    /// More than a Unix socket holds unread (net.unix.max_dgram_qlen), 10 as it comes and 512 where systemd has set it.
    private static let many = 2_000

    private static func name() -> String { "@causeway-notify-\(UUID().uuidString)" }

    @Test func `what is to arrive waits for room, and what is not does without`() throws {
        let name = Self.name()
        let manager = try UnixDatagramSocket(at: name)
        let socket = try #require(NotifySocket(name, patience: .seconds(60)))
        for _ in 0..<Self.many { socket.send(["WATCHDOG=1"], isToArrive: false) }
        Thread.detachNewThread { socket.send(["STOPPING=1", "STATUS=stopping"], isToArrive: true) }
        let message = manager.receive { $0 != "WATCHDOG=1" }
        #expect(message == "STOPPING=1\nSTATUS=stopping")
        #expect(manager.isEmpty)
    }

    @Test func `nobody waits for ever for a manager that does not read, or is not there`() throws {
        let name = Self.name()
        let manager = try UnixDatagramSocket(at: name)
        let socket = try #require(NotifySocket(name, patience: .milliseconds(10)))
        for _ in 0..<Self.many { socket.send(["WATCHDOG=1"], isToArrive: false) }
        socket.send(["STOPPING=1"], isToArrive: true)
        #expect(manager.receive() == "WATCHDOG=1")
        let nobody = try #require(NotifySocket(Self.name(), patience: .seconds(60)))
        nobody.send(["READY=1"], isToArrive: true)
    }

    @Test(arguments: ["", "/", "@", "relative", "/" + String(repeating: "x", count: 107)])
    func `a path that cannot be a socket's is none`(path: String) {
        #expect(NotifySocket(path) == nil)
    }
}

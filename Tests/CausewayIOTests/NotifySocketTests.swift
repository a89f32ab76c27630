import CausewayBytes
import Foundation
import TestSupport
import Testing

@testable import CausewayIO

@Suite struct NotifySocketTests {
    /// More than a Unix socket holds unread.
    private static let many = 100

    private static func name() -> String { "@causeway-notify-\(UUID().uuidString)" }

    @Test func `what is to arrive waits for room, and what is not does without`() async throws {
        let name = Self.name()
        let manager = try UnixDatagramSocket(at: name)
        let socket = try #require(NotifySocket(name, patience: .seconds(60)))
        for _ in 0..<Self.many { socket.send(["WATCHDOG=1"], isToArrive: false) }
        let sender = Task.detached { socket.send(["STOPPING=1", "STATUS=stopping"], isToArrive: true) }
        let message = manager.receive { $0 != "WATCHDOG=1" }
        #expect(message == "STOPPING=1\nSTATUS=stopping")
        await sender.value
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

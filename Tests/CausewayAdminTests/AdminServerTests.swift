import CausewayAdmin
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@Suite struct AdminServerTests {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func server(_ path: String) -> AdminServer {
        AdminServer(.socket(path: path), control: FakeNode(), logger: Self.logger)
    }

    /// What the socket answers to `request`, all of it.
    private func exchange(_ path: String, _ request: String) throws -> String {
        let socket = try UnixSocket(connectingTo: path)
        try socket.write(Array(request.utf8))
        return String(decoding: socket.readToEnd(), as: UTF8.self)
    }

    @Test func `a client gets what the node says`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("admin.sock")
        let server = self.server(path)
        try server.start()
        defer { server.stop() }
        #expect(try AdminClient(.socket(path: path)).status() == FakeNode.full)
    }

    @Test func `it stops while others connect`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("admin.sock")
        let others = Others()
        try Background.run {
            while !others.haveEnough.load(ordering: .acquiring) {
                if (try? UnixSocket(connectingTo: path)) != nil { others.connected.add(1, ordering: .relaxed) }
            }
        } while: {
            defer { others.haveEnough.store(true, ordering: .releasing) }
            for _ in 0..<40 {
                let server = self.server(path)
                try server.start()
                let before = others.connected.load(ordering: .relaxed)
                #expect(Deadline.wait(10) { others.connected.load(ordering: .relaxed) > before })
                server.stop()
            }
        }
    }

    private final class Others: Sendable {
        let haveEnough = Atomic(false)
        let connected = Atomic(0)
    }

    @Test func `the JSON has its keys in snake case, and leaves out what is not there`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("admin.sock")
        let server = self.server(path)
        try server.start()
        defer { server.stop() }
        let text = try AdminClient(.socket(path: path)).text(of: "/v1/status")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(
            Set(object.keys) == [
                "version", "started_at", "uptime", "loops", "aead", "sessions", "listeners", "exits", "groups",
            ]
        )
        let listener = try #require((object["listeners"] as? [[String: Any]])?.first)
        #expect(
            Set(listener.keys) == [
                "name", "type", "addresses", "sessions", "total", "refused", "bytes_up", "bytes_down", "udp",
            ]
        )
        #expect(listener["bytes_down"] as? UInt64 == 5_368_709_120)
    }

    @Test func `the metrics are a page that Prometheus reads`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("admin.sock")
        let server = self.server(path)
        try server.start()
        defer { server.stop() }
        let page = try AdminClient(.socket(path: path)).text(of: "/metrics")
        let line = /[a-z_]+(\{[a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*\})? [0-9]+/
        var types: Set<Substring> = []
        for text in page.split(separator: "\n") {
            if text.hasPrefix("# TYPE ") {
                let isNew = types.insert(text.split(separator: " ")[2]).inserted
                #expect(isNew, "\(text)")
            } else if !text.hasPrefix("# HELP ") {
                #expect(text.wholeMatch(of: line) != nil, "\(text)")
                let name = text.prefix { $0 != " " && $0 != "{" }
                #expect(types.contains(name), "\(text)")
            }
        }
        #expect(page.contains("causeway_listener_bytes_total{direction=\"down\",listener=\"in\"} 5368709120\n"))
    }

    @Test func `what there is not is said in JSON`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("admin.sock")
        let server = self.server(path)
        try server.start()
        defer { server.stop() }
        for request in ["GET /v1/nothing", "POST /v1/status", "GET /"] {
            let answer = try self.exchange(path, "\(request) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 404 ") || answer.hasPrefix("HTTP/1.1 405 "), "\(answer)")
            #expect(answer.contains("{\"error\":"), "\(answer)")
        }
        let error = #expect(throws: AdminError.self) { try AdminClient(.socket(path: path)).text(of: "/v2") }
        #expect(error == .refused(reason: "Not Found"))
    }

    @Test func `what is no HTTP is answered and harms nobody`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("admin.sock")
        let server = self.server(path)
        try server.start()
        defer { server.stop() }
        let silent = try UnixSocket(connectingTo: path)
        try silent.write(Array("GET /v1/st".utf8))
        #expect(try self.exchange(path, "\u{16}\u{3}\u{1}garbage\r\n\r\n").hasPrefix("HTTP/1.1 400 "))
        #expect(try AdminClient(.socket(path: path)).status() == FakeNode.full)
        withExtendedLifetime(silent) {}
    }

    @Test func `only owner and group may connect`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("admin.sock")
        let server = self.server(path)
        try server.start()
        defer { server.stop() }
        var information = stat()
        #expect(lstat(path, &information) == 0)
        #expect(information.st_mode & 0o777 == 0o660)
    }

    @Test func `a socket that nobody answers at is replaced, and a live one is not`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("admin.sock")
        try UnixSocket.leaveBehind(at: path)
        let error = #expect(throws: AdminError.self) { try AdminClient(.socket(path: path), timeout: 5).status() }
        #expect(error == .notRunning(path: path))
        let first = self.server(path)
        try first.start()
        let second = self.server(path)
        #expect(throws: AdminError.inUse(path: path)) { try second.start() }
        #expect(try AdminClient(.socket(path: path)).status() == FakeNode.full)
        first.stop()
        #expect(access(path, F_OK) != 0)
        try second.start()
        second.stop()
        second.stop()
    }

    @Test func `a file that is no socket is never removed`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("precious", to: "admin.sock", mode: 0o600)
        #expect(throws: AdminError.notASocket(path: path)) { try self.server(path).start() }
        #expect(access(path, F_OK) == 0)
    }

    @Test func `a place that cannot be is an error that names it`() throws {
        let path = "/nonexistent-directory/admin.sock"
        let error = #expect(throws: AdminError.self) { try self.server(path).start() }
        #expect(error?.description.contains(path) == true)
        #expect(throws: AdminError.notRunning(path: path)) { try AdminClient(.socket(path: path)).status() }
    }

    @Test func `who does not answer is not waited for without end`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("admin.sock")
        let mute = try UnixSocket.listening(at: path)
        #expect(throws: AdminError.timedOut(path: path)) { try AdminClient(.socket(path: path), timeout: 1).status() }
        withExtendedLifetime(mute) {}
    }
}

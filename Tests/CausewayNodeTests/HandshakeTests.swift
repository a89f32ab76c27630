import Foundation
import TestSupport
import Testing

@testable import CausewayNode

/// What becomes of connections that are no session yet, or never.
@Suite(.serialized) struct HandshakeTests {
    private static func tunnel(port: UInt16, reject: String, handshake: String, rest: String = "") -> String {
        """
        listeners:
          - name: public
            type: tunnel
            address: "127.0.0.1:\(port)"
            method: 2022-blake3-aes-128-gcm
            key: "\(Credentials.singleUser(.aes128).serverKey)"
            reject: \(reject)
            timeouts: { handshake: \(handshake) }
            exit: out
        exits:
          - { name: out, type: direct, allow: ["127.0.0.0/8"] }
        \(rest)
        """
    }

    private static func mixed(port: UInt16, handshake: String = "30 s", rest: String = "") -> String {
        """
        listeners:
          - { name: local, type: mixed, address: "127.0.0.1:\(port)", exit: out, timeouts: { handshake: \(handshake) } }
        exits:
          - { name: out, type: direct, allow: ["127.0.0.0/8"] }
        \(rest)
        """
    }

    @Test(arguments: ["drain", "reset"], [0, 1, 42])
    func `a header that does not come is waited for until the deadline`(policy: String, count: Int) throws {
        let port = try FreePort.next()
        let node = try LocalNode(Self.tunnel(port: port, reject: policy, handshake: "300 ms"))
        let socket = try LoopbackSocket(connectingTo: port)
        if count > 0 { try socket.write([UInt8](repeating: 0x33, count: count)) }
        #expect(socket.read() == (policy == "drain" ? .end : .reset))
        #expect(node.hasSettled)
    }

    @Test(arguments: [[], [5], [5, 1, 0], [4, 1, 0], Array("GET http://".utf8)] as [[UInt8]])
    func `a front waits until its deadline`(bytes: [UInt8]) throws {
        let port = try FreePort.next()
        let node = try LocalNode(Self.mixed(port: port, handshake: "300 ms"))
        let socket = try LoopbackSocket(connectingTo: port)
        if !bytes.isEmpty { try socket.write(bytes) }
        #expect(socket.readToEnd().ending == .end)
        #expect(node.hasSettled)
    }

    @Test func `a peer that is drained and keeps sending sees no reset before it ends`() throws {
        let port = try FreePort.next()
        let node = try LocalNode(Self.tunnel(port: port, reject: "drain", handshake: "30 s"))
        let socket = try LoopbackSocket(connectingTo: port)
        for _ in 0..<3 { try socket.write([UInt8](repeating: 0x44, count: 50_000)) }
        socket.finishWriting()
        #expect(socket.read() == .end)
        #expect(node.hasSettled)
    }

    @Test func `of too many that are drained the oldest are given up`() throws {
        let port = try FreePort.next()
        let rest = "loops: 1\nlimits: { sessions: 500 }"
        let node = try LocalNode(Self.tunnel(port: port, reject: "drain", handshake: "30 s", rest: rest))
        var sockets: [LoopbackSocket] = []
        for _ in 0..<70 {
            let socket = try LoopbackSocket(connectingTo: port)
            try socket.write([UInt8](repeating: 0x44, count: 100))
            sockets.append(socket)
            // So that they are refused in their order.
            #expect(Deadline.wait(10) { node.sessionCount == min(sockets.count, 64) && node.lentCount == 0 })
        }
        for socket in sockets[..<6] { #expect(socket.read() == .reset) }
        sockets[69].setPatience(seconds: 0.05)
        #expect(sockets[69].read() == .silence)
        sockets.removeAll()
        #expect(node.hasSettled)
    }

    @Test func `at the limit of sessions the next one waits for its turn`() throws {
        let port = try FreePort.next()
        let node = try LocalNode(Self.mixed(port: port, rest: "loops: 1\nlimits: { sessions: 4 }"))
        let echo = try LoopbackServer.echo()
        do {
            var open = try (0..<4).map { _ in try LoopbackSocket.session(via: port, to: echo.port) }
            let waiting = (0..<3).map { _ in Result { try LoopbackSocket(connectingTo: port) } }
            for socket in waiting { try socket.get().write([5, 1, 0]) }
            for socket in waiting {
                #expect(node.sessionCount == 4)
                open.removeFirst().close()
                #expect(try socket.get().read(exactly: 2) == [5, 0])
            }
            let last = try #require(open.first)
            try last.write([1])
            #expect(try last.read(exactly: 1) == [1])
        }
        #expect(node.hasSettled)
    }

    @Test func `at the limit of sessions one that is drained makes room`() throws {
        let port = try FreePort.next()
        let rest = "loops: 1\nlimits: { sessions: 3 }"
        let node = try LocalNode(Self.tunnel(port: port, reject: "drain", handshake: "30 s", rest: rest))
        var sockets: [LoopbackSocket] = []
        for _ in 0..<3 {
            let socket = try LoopbackSocket(connectingTo: port)
            try socket.write([UInt8](repeating: 0x44, count: 100))
            sockets.append(socket)
            // The third reaches the limit, and the oldest may go already.
            #expect(Deadline.wait(10) { node.sessionCount >= min(sockets.count, 2) && node.lentCount == 0 })
        }
        let fourth = try LoopbackSocket(connectingTo: port)
        try fourth.write([UInt8](repeating: 0x44, count: 100))
        #expect(sockets[0].read() == .reset)
        #expect(Deadline.wait(10) { node.sessionCount <= 3 })
        fourth.finishWriting()
        #expect(fourth.read() == .end)
        sockets.removeAll()
        #expect(node.hasSettled)
    }

    @Test func `nothing behind the body of a plain request reaches the target`() throws {
        let port = try FreePort.next()
        let node = try LocalNode(Self.mixed(port: port))
        let done = Gate()
        let server = try LoopbackServer { connection in
            _ = try connection.readHead()
            guard try connection.read(exactly: 5) == Array("hello".utf8) else { throw TestFailure("another body") }
            try connection.write(Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8))
            guard connection.read() == .end else { throw TestFailure("more than the body") }
            done.open()
        }
        do {
            let socket = try LoopbackSocket(connectingTo: port)
            let head = "POST http://127.0.0.1:\(server.port)/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
            try socket.write(Array(head.utf8) + Array("he".utf8))
            try socket.write(Array("lloGET /secret HTTP/1.1\r\n\r\n".utf8))
            for _ in 0..<50 { try socket.write([UInt8](repeating: 65, count: 10_000)) }
            socket.finishWriting()
            let (bytes, ending) = socket.readToEnd()
            #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("\r\n\r\nok") && ending == .end)
            done.wait()
        }
        #expect(server.failures.isEmpty)
        #expect(node.hasSettled)
    }

    @Test func `a body whose coding is broken ends in a reset`() throws {
        let port = try FreePort.next()
        let node = try LocalNode(Self.mixed(port: port))
        let server = try LoopbackServer { connection in
            if connection.readToEnd().ending != .reset { throw TestFailure("no reset") }
        }
        let socket = try LoopbackSocket(connectingTo: port)
        let head = "POST http://127.0.0.1:\(server.port)/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        try socket.write(Array(head.utf8) + Array("3\r\nabc\r\n".utf8))
        #expect(Deadline.wait(10) { server.acceptedCount == 1 })
        try socket.write(Array("xyz\r\n".utf8))
        #expect(socket.read() == .reset)
        #expect(node.hasSettled)
        #expect(Deadline.wait(10) { server.openCount == 0 })
        #expect(server.failures.isEmpty)
    }

    @Test func `names are asked for, and what has no address is said to have none`() throws {
        let port = try FreePort.next()
        let dns = try DNSServer()
        defer { dns.stop() }
        let rest = "loops: 2\ndns: { servers: [\"127.0.0.53:\(dns.port)\"] }"
        let node = try LocalNode(Self.mixed(port: port, rest: rest))
        let echo = try LoopbackServer.echo()
        do {
            for _ in 0..<4 {
                let (socket, answer) = try LoopbackSocket.socks5(via: port, to: "here.example", echo.port)
                #expect(answer == .code(0))
                try socket.write([4, 2])
                #expect(try socket.read(exactly: 2) == [4, 2])
            }
            #expect(try LoopbackSocket.socks5(via: port, to: "nx.example", 80).answer == .code(4))
            #expect(try LoopbackSocket.connect(via: port, to: "nx.example", 80).answer == .code(502))
            // Two hundred addresses, more than are ever tried, all of them out of reach or forbidden.
            let answer = try LoopbackSocket.socks5(via: port, to: "burst.example", 25).answer
            #expect(answer == .code(2))
        }
        #expect(node.hasSettled)
    }

    @Test func `who leaves while a name is asked for takes its question along`() throws {
        let port = try FreePort.next()
        let dns = try DNSServer()
        defer { dns.stop() }
        let rest = "loops: 1\ndns: { servers: [\"127.0.0.53:\(dns.port)\"] }"
        let node = try LocalNode(Self.mixed(port: port, rest: rest))
        let name = Array("late.example".utf8)
        let request: [UInt8] = [5, 1, 0, 5, 1, 0, 3, UInt8(name.count)] + name + [0, 80]
        for _ in 0..<5 {
            let socket = try LoopbackSocket(connectingTo: port)
            try socket.write(request)
            #expect(try socket.read(exactly: 2) == [5, 0])
            #expect(Deadline.wait(10) { dns.queries("late.example/A") > 0 })
            socket.reset()
        }
        #expect(node.hasSettled)
        dns.release()
        let (_, answer) = try LoopbackSocket.socks5(via: port, to: "nx.example", 80)
        #expect(answer == .code(4))
    }

    @Test func `a node stops with sessions and questions open`() throws {
        let port = try FreePort.next()
        let dns = try DNSServer()
        defer { dns.stop() }
        let echo = try LoopbackServer.echo()
        let name = Array("silent.example".utf8)
        var sockets: [LoopbackSocket] = []
        do {
            let rest = "loops: 2\ndns: { servers: [\"127.0.0.53:\(dns.port)\"] }"
            let node = try LocalNode(Self.mixed(port: port, rest: rest))
            for _ in 0..<4 {
                sockets.append(try LoopbackSocket.session(via: port, to: echo.port))
                let asking = try LoopbackSocket(connectingTo: port)
                try asking.write([5, 1, 0, 5, 1, 0, 3, UInt8(name.count)] + name + [0, 80])
                sockets.append(asking)
            }
            #expect(Deadline.wait(10) { dns.queries("silent.example/A") > 0 && node.sessionCount == 8 })
        }
        for socket in sockets { #expect(socket.readToEnd().ending != .silence) }
    }
}

import Foundation
import TestSupport
import Testing

@testable import CausewayNode

/// Sessions through a client and an exit in this process.
@Suite(.serialized) struct SessionTests {
    @Test(arguments: MethodName.allCases)
    func `an application that ends first still gets its answer`(method: MethodName) throws {
        let chain = try LocalChain(.singleUser(method))
        let server = try LoopbackServer { connection in
            let (bytes, ending) = connection.readToEnd()
            guard ending == .end else { throw TestFailure("\(ending)") }
            try connection.write(bytes.reversed())
        }
        do {
            let socket = try LoopbackSocket.session(via: chain.port, to: server.port)
            try socket.write([1, 2, 3])
            socket.finishWriting()
            let (bytes, ending) = socket.readToEnd()
            #expect(bytes == [3, 2, 1] && ending == .end)
        }
        #expect(server.failures.isEmpty)
        #expect(chain.hasSettled)
    }

    @Test func `a target that ends first still gets what the application says`() throws {
        let chain = try LocalChain()
        let received = Gate()
        let server = try LoopbackServer { connection in
            try connection.write([9])
            connection.finishWriting()
            let (bytes, ending) = connection.readToEnd()
            guard bytes == [1, 2, 3], ending == .end else { throw TestFailure("\(bytes), \(ending)") }
            received.open()
        }
        do {
            let socket = try LoopbackSocket.session(via: chain.port, to: server.port)
            #expect(socket.read() == .bytes([9]))
            #expect(socket.read() == .end)
            try socket.write([1, 2])
            try socket.write([3])
            socket.finishWriting()
            received.wait()
        }
        #expect(server.failures.isEmpty)
        #expect(chain.hasSettled)
    }

    @Test func `an application without a word, and a target without one, end in peace`() throws {
        let chain = try LocalChain()
        let server = try LoopbackServer { connection in
            let (bytes, ending) = connection.readToEnd()
            guard bytes.isEmpty, ending == .end else { throw TestFailure("\(bytes), \(ending)") }
        }
        do {
            let socket = try LoopbackSocket.session(via: chain.port, to: server.port)
            socket.finishWriting()
            #expect(socket.read() == .end)
        }
        #expect(server.failures.isEmpty)
        #expect(chain.hasSettled)
    }

    @Test func `a server may speak first`() throws {
        let chain = try LocalChain()
        let server = try LoopbackServer { connection in
            try connection.write(Array("220 ready".utf8))
            _ = connection.readToEnd()
        }
        do {
            let socket = try LoopbackSocket.session(via: chain.port, to: server.port)
            #expect(try socket.read(exactly: 9) == Array("220 ready".utf8))
        }
        #expect(chain.hasSettled)
    }

    @Test(arguments: [false, true])
    func `an application's reset reaches the target as one`(afterFIN: Bool) throws {
        let chain = try LocalChain()
        let begun = Gate()
        let seen = Gate()
        let server = try LoopbackServer { connection in
            _ = connection.read()
            begun.open()
            if afterFIN { guard connection.read() == .end else { throw TestFailure("no end") } }
            // Without bytes on the way a reset is seen by reading or, behind the end, by writing at last.
            var ending = afterFIN ? ReadResult.silence : connection.read()
            while afterFIN, ending == .silence {
                do {
                    try connection.write([0])
                    usleep(1000)
                } catch {
                    ending = .reset
                }
            }
            guard ending == .reset else { throw TestFailure("\(ending)") }
            seen.open()
        }
        let socket = try LoopbackSocket.session(via: chain.port, to: server.port)
        try socket.write([1])
        begun.wait()
        if afterFIN { socket.finishWriting() }
        socket.reset()
        seen.wait()
        #expect(server.failures.isEmpty)
        #expect(chain.hasSettled)
    }

    @Test func `a target's reset reaches the application as one`() throws {
        let chain = try LocalChain()
        let server = try LoopbackServer { connection in
            _ = connection.read()
            connection.reset()
        }
        let socket = try LoopbackSocket.session(via: chain.port, to: server.port)
        try socket.write([1])
        #expect(socket.read() == .reset)
        #expect(chain.hasSettled)
    }

    @Test func `an answer that is followed by a reset arrives, also while the application talks`() throws {
        let port = try FreePort.next()
        let text = TestSupport.Configuration.direct(port: port, allow: ["127.0.0.0/8"])
        let node = try LocalNode(text + "loops: 1\n")
        let (talks, done) = (Gate(), Gate())
        let server = try LoopbackServer { connection in
            try connection.write([9])
            talks.wait()
            try connection.write([UInt8](repeating: 3, count: 1000))
            connection.reset()
            done.open()
        }
        let socket = try LoopbackSocket.session(via: port, to: server.port)
        #expect(try socket.read(exactly: 1) == [9])
        try node.standingStill {
            // First in the turn is what the application says, which can no longer be sent.
            try socket.write([UInt8](repeating: 2, count: 100))
            talks.open()
            done.wait()
        }
        let (bytes, ending) = socket.readToEnd()
        #expect(bytes.count == 1000 && ending == .reset)
        #expect(node.hasSettled)
    }

    @Test func `who does not read holds little memory and nobody else up, and misses nothing`() throws {
        let chain = try LocalChain()
        let total = 24 << 20
        let server = try LoopbackServer { connection in try BytePattern.send(total, to: connection) }
        let echo = try LoopbackServer.echo()
        do {
            let stalled = try LoopbackSocket.session(via: chain.port, to: server.port)
            #expect(Deadline.wait(20) { chain.client.lentCount > 0 && chain.exit.lentCount > 0 })
            for _ in 0..<20 {
                let other = try LoopbackSocket.session(via: chain.port, to: echo.port)
                try other.write([1, 2, 3])
                #expect(try other.read(exactly: 3) == [1, 2, 3])
                #expect(chain.client.lentCount <= 1 << 20 && chain.exit.lentCount <= 1 << 20)
            }
            #expect(try BytePattern.receive(from: stalled) == total)
        }
        #expect(server.failures.isEmpty)
        #expect(chain.hasSettled)
    }

    @Test func `bytes go both ways at once`() throws {
        let chain = try LocalChain()
        let total = 8 << 20
        let echo = try LoopbackServer.echo()
        do {
            let socket = try LoopbackSocket.session(via: chain.port, to: echo.port)
            try Background.run {
                try BytePattern.send(total, to: socket)
                socket.finishWriting()
            } while: {
                let count = try BytePattern.receive(from: socket)
                #expect(count == total)
            }
        }
        #expect(chain.hasSettled)
    }

    @Test func `who leaves before the session is open leaves nothing behind`() throws {
        let chain = try LocalChain()
        let echo = try LoopbackServer.echo()
        let request: [UInt8] = [5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, UInt8(echo.port >> 8), UInt8(echo.port & 255)]
        for count in 0...request.count {
            for isReset in [false, true] {
                let socket = try LoopbackSocket(connectingTo: chain.port)
                if count > 0 { try socket.write(Array(request[..<count])) }
                if isReset { socket.reset() } else { socket.close() }
            }
        }
        #expect(chain.hasSettled)
    }

    @Test func `a tampered answer resets the application, and the next hop when it leaves`() throws {
        let port = try FreePort.next()
        let seen = Gate()
        let hop = try LoopbackServer { connection in
            _ = connection.read()
            try connection.write([UInt8](repeating: 0x5a, count: 500))
            // Not at once, but when it ends itself.
            connection.setPatience(seconds: 0.3)
            var ending = connection.read()
            guard ending == .silence else { throw TestFailure("at once: \(ending)") }
            connection.setPatience(seconds: 20)
            try connection.write([1, 2, 3])
            connection.finishWriting()
            ending = connection.read()
            guard ending == .reset else { throw TestFailure("at the end: \(ending)") }
            seen.open()
        }
        let credentials = Credentials.singleUser(.aes128)
        let client = try LocalNode(
            TestSupport.Configuration.client(port: port, serverPort: hop.port, credentials) + "loops: 1\n"
        )
        let socket = try LoopbackSocket.session(via: port, to: 80)
        try socket.write([1])
        #expect(socket.read() == .reset)
        seen.wait()
        #expect(hop.failures.isEmpty)
        #expect(client.hasSettled)
    }

    @Test func `an entry that decrypts seals anew for the exit`() throws {
        let ports = try (0..<3).map { _ in try FreePort.next() }
        let (front, back) = (Credentials.multiUser(.aes256), Credentials.multiUser(.aes128))
        let exit = try LocalNode(TestSupport.Configuration.exit(port: ports[2], back) + "loops: 2\n")
        let users = front.users.map { "  - { name: \($0.name), key: \"\($0.key)\" }\n" }.joined()
        let entry = try LocalNode(
            """
            listeners:
              - name: customers
                type: tunnel
                address: "127.0.0.1:\(ports[1])"
                method: \(front.method.rawValue)
                key: "\(front.serverKey)"
                users: true
                exit: abroad
            exits:
              - { name: abroad, type: tunnel, server: "127.0.0.1:\(ports[2])", method: \(back.method.rawValue),
                  keys: "\(back.keys)" }
            users:
            \(users)
            loops: 2
            """
        )
        let client = try LocalNode(
            TestSupport.Configuration.client(port: ports[0], serverPort: ports[1], front) + "loops: 2\n"
        )
        let echo = try LoopbackServer.echo()
        let banner = try LoopbackServer { connection in
            try connection.write([7])
            _ = connection.readToEnd()
        }
        do {
            let first = try LoopbackSocket.session(via: ports[0], to: banner.port)
            #expect(try first.read(exactly: 1) == [7])
            let total = 4 << 20
            let socket = try LoopbackSocket.session(via: ports[0], to: echo.port)
            try Background.run {
                try BytePattern.send(total, to: socket)
                socket.finishWriting()
            } while: {
                let count = try BytePattern.receive(from: socket)
                #expect(count == total)
            }
        }
        #expect(client.hasSettled && entry.hasSettled && exit.hasSettled)
    }
}

import TestSupport
import Testing

/// What every pair of peers must carry.
enum Transfer {
    private static let total = TestSize.choose(full: 64 << 20, short: 8 << 20)

    /// An HTTP download by curl, a large transfer each way, a server that speaks first, and datagrams.
    ///
    /// - Parameters:
    ///   - keepsHalfClose: whether the client passes the end of the upload on and waits for the answer. sing-box 1.14
    ///     as a Shadowsocks client closes both directions instead.
    static func exercise(proxyPort: UInt16, keepsHalfClose: Bool, log: () -> String) throws {
        try Self.fetch(proxyPort, log)
        try Self.download(proxyPort)
        try Self.upload(proxyPort, keepsHalfClose)
        try Self.greet(proxyPort)
        try Self.sendDatagrams(proxyPort, log)
    }

    private static func sendDatagrams(_ proxyPort: UInt16, _ log: () -> String) throws {
        let echoes = [try DatagramEcho(), try DatagramEcho(address: 0x7f00_0002)]
        let association = try SocksAssociation(via: proxyPort)
        for count in [1, 64, 1_200, 1_400, 9_000] {
            let payload = BytePattern.slice(at: count, count: count)
            do {
                try association.exchange(payload, with: echoes[0].port)
                try association.exchange(payload, with: echoes[1].port, at: 0x7f00_0002)
            } catch {
                throw TestFailure("\(error)\n\(log())")
            }
        }
    }

    private static func fetch(_ proxyPort: UInt16, _ log: () -> String) throws {
        let body = BytePattern.slice(at: 3, count: 3_000_001)
        let origin = try HTTPOrigin(body: body)
        for scheme in ["socks5h", "http"] {
            let fetched = try Command.run([
                "curl", "--silent", "--show-error", "--fail", "--max-time", "50", "--noproxy", "",
                "--proxy", "\(scheme)://127.0.0.1:\(proxyPort)", "http://127.0.0.1:\(origin.port)/",
            ])
            #expect(fetched.succeeded, "\(fetched.errorText)\n\(log())")
            // Compared before the macro sees it: of two long arrays that differ it would look for every difference.
            let isSame = fetched.output == body
            #expect(isSame, "\(fetched.output.count) bytes of \(body.count) came, or others")
        }
    }

    private static func download(_ proxyPort: UInt16) throws {
        let source = try LoopbackServer { connection in
            try BytePattern.send(Self.total, to: connection)
            connection.finishWriting()
            _ = connection.readToEnd()
        }
        let session = try LoopbackSocket.session(via: proxyPort, to: source.port)
        #expect(try BytePattern.receive(from: session) == Self.total)
    }

    private static func upload(_ proxyPort: UInt16, _ keepsHalfClose: Bool) throws {
        let sink = try LoopbackServer { connection in
            let count = try BytePattern.receive(from: connection, upTo: keepsHalfClose ? .max : Self.total)
            try connection.write(Array("\(count)".utf8))
        }
        let session = try LoopbackSocket.session(via: proxyPort, to: sink.port)
        try BytePattern.send(Self.total, to: session)
        if keepsHalfClose { session.finishWriting() }
        let (answer, ending) = session.readToEnd()
        #expect(String(decoding: answer, as: UTF8.self) == "\(Self.total)")
        #expect(ending == .end)
    }

    private static func greet(_ proxyPort: UInt16) throws {
        let server = try LoopbackServer { connection in
            try connection.write(Array("220 ready\r\n".utf8))
            try connection.write(try connection.read(exactly: 4))
        }
        let session = try LoopbackSocket.session(via: proxyPort, to: server.port)
        #expect(try session.read(exactly: 11) == Array("220 ready\r\n".utf8))
        try session.write([1, 2, 3, 4])
        #expect(try session.read(exactly: 4) == [1, 2, 3, 4])
    }
}

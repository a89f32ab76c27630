import TestSupport
import Testing

extension EndToEnd {
    @Suite struct ReplayTests {
        @Test(arguments: [Credentials.singleUser(.aes128), .multiUser(.aes256), .singleUser(.chacha20)])
        func `a recorded session is refused in silence`(credentials: Credentials) throws {
            let target = try LoopbackServer.echo()
            let tunnelPort = try FreePort.next()
            let relay = try RecordingRelay(to: tunnelPort)
            let chain = try Chain(credentials, tunnelPort: tunnelPort, clientServerPort: relay.port)
            let session = try chain.session(to: target.port)
            try session.write(Array("an order to pay".utf8))
            session.finishWriting()
            #expect(session.readToEnd().bytes == Array("an order to pay".utf8))
            let recorded = try #require(relay.sent.first)
            #expect(target.acceptedCount == 1)

            var flipped = recorded
            flipped[20] ^= 1
            for stream in [recorded, Array(recorded.dropLast(5)), flipped] {
                let finished = try LoopbackSocket(connectingTo: tunnelPort)
                try finished.write(stream)
                finished.finishWriting()
                let (bytes, ending) = finished.readToEnd()
                #expect(bytes.isEmpty)
                #expect(ending == .end)

                let open = try LoopbackSocket(connectingTo: tunnelPort)
                try open.write(stream)
                open.setPatience(seconds: 0.3)
                #expect(open.read() == .silence)
            }
            #expect(target.acceptedCount == 1)

            // The exit still serves the one who holds the key.
            let later = try chain.session(to: target.port)
            try later.write([1])
            #expect(try later.read(exactly: 1) == [1])
            #expect(target.acceptedCount == 2)
            later.close()
            try chain.stop()
        }
    }
}

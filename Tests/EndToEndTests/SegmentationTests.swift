import TestSupport
import Testing

extension EndToEnd {
    @Suite struct SegmentationTests {
        @Test(arguments: MethodName.allCases)
        func `a chunk that comes in one segment with the header is not left lying`(method: MethodName) throws {
            let target = try LoopbackServer.echo()
            let tunnelPort = try FreePort.next()
            let relay = try RecordingRelay(to: tunnelPort, holdingBack: 8192)
            let chain = try Chain(.singleUser(method), tunnelPort: tunnelPort, clientServerPort: relay.port)
            let session = try chain.session(to: target.port)
            session.setPatience(seconds: 20)
            // The client has sent its header, bare; what follows is a chunk of its own and makes the relay let go.
            #expect(Deadline.wait(20) { relay.sent.first?.isEmpty == false })
            let payload = BytePattern.slice(at: 0, count: 8192)
            try session.write(payload)
            #expect(try session.read(exactly: payload.count) == payload)
            session.close()
            try chain.stop()
        }
    }
}

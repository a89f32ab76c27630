import CausewayBytes
import CausewayIO
import Glibc
import TestSupport
import Testing

@Suite struct SocketTests {
    @Test func `bytes, nothing and the end are told apart`() throws {
        let pair = try SocketPair()
        var buffer = [UInt8](repeating: 0, count: 16)
        #expect(buffer.withByteRegion { pair.far.read(into: $0) } == .wouldBlock)
        #expect([UInt8]([1, 2, 3]).withRegion { pair.near.write($0) } == .transferred(3))
        #expect(buffer.withByteRegion { region in patiently { pair.far.read(into: region) } } == .transferred(3))
        #expect(buffer[..<3] == [1, 2, 3])
        pair.near.shutDownWriting()
        #expect(buffer.withByteRegion { region in patiently { pair.far.read(into: region) } } == .endOfStream)
        // The other direction is still open.
        #expect([UInt8]([4]).withRegion { pair.far.write($0) } == .transferred(1))
        #expect(buffer.withByteRegion { region in patiently { pair.near.read(into: region) } } == .transferred(1))
    }

    @Test func `several regions are filled and sent in their order`() throws {
        let pair = try SocketPair()
        var source: [UInt8] = [1, 2, 9, 9, 3, 4, 5]
        let regions = RegionList(capacity: 4)
        source.withByteRegion { source in
            regions.append(source.region(0..<2))
            regions.append(source.region(4..<7))
            #expect(pair.near.write(regions) == .transferred(5))
        }
        var target = [UInt8](repeating: 0, count: 8)
        target.withByteRegion { target in
            regions.removeAll()
            regions.append(target.region(5..<8))
            regions.append(target.region(0..<4))
            #expect(patiently { pair.far.read(into: regions) } == .transferred(5))
        }
        #expect(target == [4, 5, 0, 0, 0, 1, 2, 3])
    }

    @Test func `a reset is an error to the peer, not an end`() throws {
        let pair = try SocketPair()
        pair.near.reset()
        let isOpen = pair.near.isOpen
        #expect(!isOpen)
        var buffer = [UInt8](repeating: 0, count: 16)
        let result = buffer.withByteRegion { region in patiently { pair.far.read(into: region) } }
        #expect(result == .failed(SystemCallError(code: ECONNRESET, call: "recv")))
    }

    @Test func `closing with bytes unread is a reset, closing without is an end`() throws {
        var buffer = [UInt8](repeating: 0, count: 16)
        let read = try SocketPair()
        _ = [UInt8]([1]).withRegion { read.far.write($0) }
        _ = buffer.withByteRegion { region in patiently { read.near.read(into: region) } }
        read.near.close()
        #expect(buffer.withByteRegion { region in patiently { read.far.read(into: region) } } == .endOfStream)

        let unread = try SocketPair()
        _ = [UInt8]([1]).withRegion { unread.far.write($0) }
        var polled = pollfd(fd: unread.near.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&polled, 1, 10_000) == 1)
        unread.near.close()
        unread.near.close()
        let result = buffer.withByteRegion { region in patiently { unread.far.read(into: region) } }
        #expect(result == .failed(SystemCallError(code: ECONNRESET, call: "recv")))
    }

    @Test func `a full socket takes a part and then nothing, and loses none of it`() throws {
        let pair = try SocketPair()
        let chunk = [UInt8](repeating: 7, count: 1 << 20)
        var sent = 0
        writing: while true {
            switch chunk.withRegion({ pair.near.write($0) }) {
            case .transferred(let count): sent += count
            case .wouldBlock: break writing
            case .endOfStream, .failed:
                Issue.record("a write fails")
                break writing
            }
        }
        pair.near.shutDownWriting()
        var received = 0
        var buffer = chunk
        while case .transferred(let count) = buffer.withByteRegion({ region in patiently { pair.far.read(into: region) }
        }) { received += count }
        #expect(sent > 0 && received == sent)
    }

    @Test func `a port where nobody listens refuses`() throws {
        let loopback = SocketAddress(ip: .v4(0x7f00_0001), port: 0)
        var listener = try Socket.listening(on: loopback, backlog: 1)
        let address = listener.localAddress() ?? loopback
        #expect(throws: SystemCallError(code: EADDRINUSE, call: "bind")) { try Socket.checkFree(address) }
        listener.close()
        #expect(throws: Never.self) { try Socket.checkFree(address) }
        let socket = try Socket.connecting(to: address)
        var error: SystemCallError?
        let outcome = patiently {
            error = socket.pendingError()
            return error == nil ? .wouldBlock : .endOfStream
        }
        #expect(outcome == .endOfStream)
        #expect(error?.code == ECONNREFUSED)
    }

    @Test func `only a lack of descriptors or memory is worth waiting for`() {
        for code in [EMFILE, ENFILE, ENOBUFS, ENOMEM] {
            #expect(SystemCallError(code: code, call: "accept").isExhaustion)
        }
        for code in [ECONNABORTED, EPERM, ECONNRESET] {
            #expect(!SystemCallError(code: code, call: "accept").isExhaustion)
        }
    }
}

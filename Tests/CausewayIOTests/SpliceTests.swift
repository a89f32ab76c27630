import CausewayBytes
import CausewayIO
import TestSupport
import Testing

@Suite struct SpliceTests {
    private func pool(limit: Int = 4) -> PipePool { PipePool(capacity: 64 * 1024, limit: limit) }

    /// All that waits at `socket`, as soon as anything does.
    private func received(_ socket: borrowing Socket, _ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let deadline = Deadline(seconds: 10)
        while bytes.count < count, !deadline.hasPassed {
            let result = buffer.withByteRegion { socket.read(into: $0) }
            if case .transferred(let count) = result { bytes += buffer[..<count] }
        }
        return bytes
    }

    private func splice(_ socket: borrowing Socket, _ pipe: inout Pipe) -> TransferResult {
        let deadline = Deadline(seconds: 10)
        while true {
            let result = socket.splice(into: &pipe, atMost: 1 << 20)
            if result != .wouldBlock || deadline.hasPassed { return result }
        }
    }

    @Test func `bytes go from socket to pipe to socket unchanged`() throws {
        let (from, to) = (try SocketPair(), try SocketPair())
        let pool = self.pool()
        var pipe = try #require(pool.take())
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20 {
            let bytes = random.bytes(Int.random(in: 1...30_000, using: &random))
            #expect(bytes.withRegion { from.near.write($0) } == .transferred(bytes.count))
            var moved = 0
            while moved < bytes.count {
                guard case .transferred(let count) = self.splice(from.far, &pipe) else { break }
                #expect(pipe.count == count)
                while pipe.count > 0 { _ = to.near.splice(from: &pipe, more: false) }
                moved += count
            }
            let isSame = self.received(to.far, bytes.count) == bytes
            #expect(isSame)
        }
        pool.release(&pipe)
        #expect(pool.lentCount == 0)
    }

    @Test func `nothing, the end and a full destination are told apart`() throws {
        let (from, to) = (try SocketPair(), try SocketPair())
        let pool = self.pool()
        var pipe = try #require(pool.take())
        #expect(from.far.splice(into: &pipe, atMost: 100) == .wouldBlock)
        let chunk = [UInt8](repeating: 7, count: 1 << 16)
        while case .transferred = chunk.withRegion({ to.near.write($0) }) {}
        #expect([UInt8]([1, 2, 3]).withRegion { from.near.write($0) } == .transferred(3))
        #expect(self.splice(from.far, &pipe) == .transferred(3))
        #expect(to.near.splice(from: &pipe, more: false) == .wouldBlock)
        #expect(pipe.count == 3)
        pool.release(&pipe)
        var second = try #require(pool.take())
        from.near.shutDownWriting()
        #expect(self.splice(from.far, &second) == .endOfStream)
        pool.release(&second)
    }

    @Test func `a pipe with somebody's bytes in it goes to nobody else`() throws {
        let from = try SocketPair()
        let pool = self.pool()
        var pipe = try #require(pool.take())
        #expect([UInt8]([1, 2, 3]).withRegion { from.near.write($0) } == .transferred(3))
        #expect(self.splice(from.far, &pipe) == .transferred(3))
        pool.release(&pipe)
        let to = try SocketPair()
        var other = try #require(pool.take())
        #expect(other.count == 0)
        #expect([UInt8]([4]).withRegion { from.near.write($0) } == .transferred(1))
        #expect(self.splice(from.far, &other) == .transferred(1))
        _ = to.near.splice(from: &other, more: false)
        #expect(self.received(to.far, 1) == [4])
        pool.release(&other)
    }

    @Test func `no more pipes are lent than may be`() throws {
        let pool = self.pool(limit: 2)
        var pipes = [try #require(pool.take()), try #require(pool.take())]
        #expect(pool.take() == nil)
        #expect(pool.lentCount == 2)
        pool.release(&pipes[0])
        var third = try #require(pool.take())
        pool.release(&third)
        pool.release(&third)
        pool.release(&pipes[1])
        #expect(pool.lentCount == 0)
    }

    @Test func `what was looked at is still there`() throws {
        let pair = try SocketPair()
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(buffer.withByteRegion { pair.far.peek(into: $0) } == .wouldBlock)
        #expect([UInt8]([5, 6]).withRegion { pair.near.writeBeforeMore($0) } == .transferred(2))
        #expect([UInt8]([7]).withRegion { pair.near.write($0) } == .transferred(1))
        #expect(buffer.withByteRegion { region in patiently { pair.far.peek(into: region) } } == .transferred(3))
        #expect(self.received(pair.far, 3) == [5, 6, 7])
        pair.near.shutDownWriting()
        #expect(buffer.withByteRegion { region in patiently { pair.far.peek(into: region) } } == .endOfStream)
    }
}

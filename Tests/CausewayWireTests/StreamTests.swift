import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@testable import CausewayWire

@Suite struct StreamTests {
    private let crypto: Crypto

    init() throws {
        self.crypto = try Crypto()
    }

    private static func key(_ method: Method) -> Subkey {
        (0..<method.keyCount).map { UInt8($0 * 7) }.withUnsafeBytes { Subkey($0) }
    }

    private func sealer(_ method: Method = .aes128GCM) -> StreamSealer {
        StreamSealer(key: Self.key(method), algorithm: method.algorithm, counter: 0)
    }

    private func opener(_ method: Method = .aes128GCM) -> StreamOpener {
        StreamOpener(key: Self.key(method), algorithm: method.algorithm, counter: 0)
    }

    @Test func `carries its nonce beyond one byte, as the vectors have it`() throws {
        let vectors = try ShadowsocksVectors.load().stream_nonce_carry
        #expect(vectors.count == 3)
        for vector in vectors {
            let algorithm = try #require(Method(rawValue: vector.method)).algorithm
            let key = [UInt8](hex: vector.subkey).withUnsafeBytes { Subkey($0) }
            var sealer = StreamSealer(key: key, algorithm: algorithm, counter: vector.first_counter)
            for (payload, wire) in zip(vector.payloads, vector.wire) {
                #expect(self.crypto.chunk([UInt8](hex: payload), &sealer).hex == wire, "\(vector.method)")
            }
            let wire = [UInt8](hex: vector.wire.joined())
            for split in 0...wire.count {
                var receiver = Receiver(
                    StreamOpener(key: key, algorithm: algorithm, counter: vector.first_counter)
                )
                try receiver.receive(Array(wire[..<split]), with: self.crypto.aead)
                try receiver.receive(Array(wire[split...]), with: self.crypto.aead)
                #expect(receiver.payload.hex == vector.payloads.joined() && receiver.mayEnd)
            }
        }
    }

    @Test(arguments: Method.allCases) func `opens chunks of every boundary size`(method: Method) throws {
        var random = SeededGenerator(seed: 31)
        var (sealer, receiver) = (self.sealer(method), Receiver(self.opener(method)))
        var expected: [UInt8] = []
        for size in [1, 2, 15, 16, 17, 255, 256, 1023, 1024, 1025, 16383, 16384, 65534, 65535, 1] {
            let payload = random.bytes(size)
            expected += payload
            for segment in self.crypto.chunk(payload, &sealer).segments(upTo: max(1, size / 3), &random) {
                try receiver.receive(segment, with: self.crypto.aead)
            }
            #expect(receiver.mayEnd)
        }
        #expect(receiver.payload == expected)
    }

    @Test func `may end on a chunk's boundary and nowhere else`() throws {
        var sealer = self.sealer()
        var wire: [UInt8] = []
        var boundaries: Set<Int> = [0]
        for size in [5, 1, 40] {
            wire += self.crypto.chunk([UInt8](repeating: 1, count: size), &sealer)
            boundaries.insert(wire.count)
        }
        var receiver = Receiver(self.opener())
        #expect(receiver.mayEnd)
        for (index, byte) in wire.enumerated() {
            try receiver.receive([byte], with: self.crypto.aead)
            #expect(receiver.mayEnd == boundaries.contains(index + 1), "after \(index + 1) bytes")
        }
    }

    @Test func `refuses a stream with any bit changed, and gives nothing of that chunk`() throws {
        var sealer = self.sealer()
        let first = self.crypto.chunk([1, 2, 3], &sealer)
        let second = self.crypto.chunk([4, 5], &sealer)
        for index in second.indices {
            for bit in 0..<8 {
                var changed = second
                changed[index] ^= 1 << UInt8(bit)
                var receiver = Receiver(self.opener())
                try receiver.receive(first, with: self.crypto.aead)
                #expect(throws: StreamOpener.StreamError.authentication) {
                    try receiver.receive(changed, with: self.crypto.aead)
                }
                #expect(receiver.payload == [1, 2, 3])
            }
        }
    }

    @Test func `refuses chunks that are repeated, left out or swapped`() throws {
        var sealer = self.sealer()
        let chunks = (0..<3).map { self.crypto.chunk([UInt8($0)], &sealer) }
        for order in [[0, 0], [1], [0, 2], [1, 0, 2]] {
            var receiver = Receiver(self.opener())
            #expect(throws: StreamOpener.StreamError.authentication, "\(order)") {
                try receiver.receive(order.flatMap { chunks[$0] }, with: self.crypto.aead)
            }
        }
    }

    @Test func `refuses a chunk that says it is empty`() throws {
        var record = [UInt8](repeating: 0, count: 2 + tagCount)
        record.withByteRegion { record in
            self.crypto.aead.seal(record, .aes128GCM, key: Self.key(.aes128GCM), nonce: Nonce(counter: 0))
        }
        var receiver = Receiver(self.opener())
        #expect(throws: StreamOpener.StreamError.emptyChunk) {
            try receiver.receive(record, with: self.crypto.aead)
        }
    }

    @Test func `moves small chunks together and leaves big ones where they lie`() throws {
        func regions(of sizes: [Int]) throws -> [Int] {
            var (sealer, opener) = (self.sealer(), self.opener())
            var wire: [UInt8] = []
            var expected: [UInt8] = []
            for (number, size) in sizes.enumerated() {
                let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size)
                expected += payload
                wire += self.crypto.chunk(payload, &sealer)
            }
            return try wire.withByteRegion { input throws(StreamOpener.StreamError) in
                let list = RegionList(capacity: StreamOpener.maximumRegions(for: input.count))
                let used = try opener.open(input, into: list, with: self.crypto.aead)
                #expect(used == input.count && opener.isAtBoundary)
                #expect((0..<list.count).flatMap { list[$0].array() } == expected)
                return (0..<list.count).map { list[$0].count }
            }
        }
        #expect(try regions(of: Array(repeating: 1, count: 300)) == [300])
        #expect(try regions(of: [1024, 1024, 1025, 1, 1025]) == [2048, 1026, 1025])
        #expect(try regions(of: [1025, 1025, 1025]) == [1025, 1025, 1025])
        // A merged region is never longer than what one chunk can seal again.
        #expect(try regions(of: [65535, 1, 1]) == [65535, 2])
        #expect(try regions(of: [65534, 1, 1]) == [65535, 1])
        #expect(try regions(of: [64511, 1024, 1]) == [65535, 1])
        #expect(try regions(of: [64512, 1024, 64512, 1024]) == [64512, 1024, 64512, 1024])
    }

    @Test func `never merges into a region of another input`() throws {
        var (sealer, opener) = (self.sealer(), self.opener())
        var (left, right) = (self.crypto.chunk([1, 2], &sealer), self.crypto.chunk([3, 4], &sealer))
        let list = RegionList(capacity: 8)
        let crypto = self.crypto
        try left.withByteRegion { left throws(StreamOpener.StreamError) in
            _ = try opener.open(left, into: list, with: crypto.aead)
            try right.withByteRegion { right throws(StreamOpener.StreamError) in
                _ = try opener.open(right, into: list, with: crypto.aead)
                #expect(list.count == 2)
                #expect(list[0].array() == [1, 2] && list[1].array() == [3, 4])
            }
        }
    }

    @Test func `needs no more regions than it says, whatever the sizes`() throws {
        var random = SeededGenerator(seed: 32)
        for round in 0..<40 {
            var (sealer, opener) = (self.sealer(), self.opener())
            var wire: [UInt8] = []
            while wire.count < 100_000 {
                let size =
                    switch round % 4 {
                    case 0: 1025
                    case 1: [65535, 1].randomElement(using: &random) ?? 1
                    case 2: [64511, 1024, 1025].randomElement(using: &random) ?? 1
                    default: Int.random(in: 1...2100, using: &random)
                    }
                wire += self.crypto.chunk([UInt8](repeating: 7, count: size), &sealer)
            }
            let cut = Int.random(in: 0...wire.count, using: &random)
            try wire.withByteRegion { region throws(StreamOpener.StreamError) in
                let input = region.region(0..<cut)
                let list = RegionList(capacity: StreamOpener.maximumRegions(for: input.count))
                _ = try opener.open(input, into: list, with: self.crypto.aead)
            }
        }
    }

    /// What an entry does that ends one tunnel and begins the next: it opens what came and seals it again where it lies.
    @Test(arguments: Method.allCases) func `seals again in place what it has opened`(method: Method) throws {
        var random = SeededGenerator(seed: 33)
        var (source, opener) = (self.sealer(method), self.opener(method))
        let nextKey = random.bytes(method.keyCount).withUnsafeBytes { Subkey($0) }
        var next = StreamSealer(key: nextKey, algorithm: method.algorithm, counter: 0)
        var destination = Receiver(StreamOpener(key: nextKey, algorithm: method.algorithm, counter: 0))
        var wire: [UInt8] = []
        var expected: [UInt8] = []
        for size in [1, 1, 1, 1025, 1, 1026, 2000, 3, 1024, 1024, 65535, 1, 65535, 1025, 1025, 17] {
            let payload = random.bytes(size)
            expected += payload
            wire += self.crypto.chunk(payload, &source)
        }
        var rest: [UInt8] = []
        for segment in wire.segments(upTo: 40_000, &random) {
            rest += segment
            // The buffer's owner leaves room before the input, for a payload whose length has come before.
            var buffer = [UInt8](repeating: 0xEE, count: StreamSealer.headroom) + rest
            var sealed: [UInt8] = []
            let used = try buffer.withByteRegion { buffer throws(StreamOpener.StreamError) in
                let input = buffer.suffix(from: StreamSealer.headroom)
                let list = RegionList(capacity: StreamOpener.maximumRegions(for: input.count))
                let used = try opener.open(input, into: list, with: self.crypto.aead)
                var ranges: [Range<Int>] = []
                for index in 0..<list.count {
                    let start = list[index].base - buffer.base
                    let payload = start..<start + list[index].count
                    let chunk = next.seal(buffer, payload: payload, with: self.crypto.aead)
                    #expect(chunk.lowerBound >= ranges.last?.upperBound ?? 0, "two chunks share bytes")
                    #expect(chunk.upperBound <= StreamSealer.headroom + used, "a chunk covers input not yet used")
                    ranges.append(chunk)
                }
                // Read after all are sealed: none may have spoilt another.
                sealed = ranges.flatMap { buffer.region($0).array() }
                return used
            }
            try destination.receive(sealed, with: self.crypto.aead)
            rest.removeFirst(used)
        }
        #expect(destination.payload == expected && destination.mayEnd && rest.isEmpty)
    }

    @Test func `judges random bytes without a trap`() {
        var random = SeededGenerator(seed: 34)
        for _ in 0..<500 {
            var receiver = Receiver(self.opener())
            let bytes = random.bytes(Int.random(in: 0...200, using: &random))
            let isShort = bytes.count < 2 + tagCount
            let received: Void? = try? receiver.receive(bytes, with: self.crypto.aead)
            #expect((received != nil) == isShort)
        }
    }

    @Test func `seals nothing that is empty, too long or without room`() async {
        await #expect(processExitsWith: .failure) { try seal(bytes: 100, payload: 18..<18) }
        await #expect(processExitsWith: .failure) { try seal(bytes: 70_000, payload: 18..<18 + 65536) }
        await #expect(processExitsWith: .failure) { try seal(bytes: 100, payload: 17..<20) }
        await #expect(processExitsWith: .failure) { try seal(bytes: 100, payload: 18..<85) }
        await #expect(processExitsWith: .success) { try seal(bytes: 100, payload: 18..<84) }
    }
}

/// Seals one chunk; exit tests capture nothing.
private func seal(bytes count: Int, payload: Range<Int>) throws {
    let crypto = try Crypto()
    var sealer = StreamSealer(key: Subkey(), algorithm: .aes128GCM, counter: 0)
    var bytes = [UInt8](repeating: 0, count: count)
    _ = bytes.withByteRegion { sealer.seal($0, payload: payload, with: crypto.aead) }
}

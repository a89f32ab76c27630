import Foundation

/// A byte stream whose every position is known, so that a lost, doubled or moved byte shows. It repeats only after a
/// prime number of bytes, larger than any buffer on the way, and is compared block by block at the speed of memory.
public enum BytePattern {
    private static let period = 4_194_301

    private static let bytes: [UInt8] = {
        // Two periods, so that a block can start anywhere in the first. SplitMix64: the same bytes in every run.
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        var words: [UInt64] = []
        words.reserveCapacity(Self.period / 8 + 1)
        for _ in 0...Self.period / 8 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
            words.append(word ^ word >> 31)
        }
        let once = words.withUnsafeBytes { Array($0[..<Self.period]) }
        return once + once
    }()

    /// `count` bytes of the stream from `offset`.
    public static func slice(at offset: Int, count: Int) -> [UInt8] {
        let start = offset % Self.period
        return Array(Self.bytes[start..<start + count])
    }

    /// Writes the first `total` bytes of the stream and stores in `progress` how many have gone.
    public static func send(_ total: Int, to socket: LoopbackSocket, progress: Progress.Count) throws {
        try Self.bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < total {
                let start = sent % Self.period
                let count = min(131_072, total - sent)
                try socket.write(UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
                sent += count
                progress.set(sent)
            }
        }
    }

    /// Writes the first `total` bytes of the stream.
    public static func send(_ total: Int, to socket: LoopbackSocket) throws {
        try Self.send(total, to: socket, progress: Progress.Count())
    }

    /// Reads to the end, or until `limit` bytes have come, and returns how many came; throws at the first wrong one.
    public static func receive(from socket: LoopbackSocket, upTo limit: Int = .max) throws -> Int {
        var block = [UInt8](repeating: 0, count: 262_144)
        return try block.withUnsafeMutableBytes { block in
            try Self.bytes.withUnsafeBytes { bytes in
                var received = 0
                while received < limit {
                    guard let count = try socket.read(into: block) else {
                        throw TestFailure("silence after \(received) bytes")
                    }
                    if count == 0 { return received }
                    let start = received % Self.period
                    guard let actual = block.baseAddress, let expected = bytes.baseAddress else { return received }
                    guard memcmp(actual, expected + start, count) == 0 else {
                        throw TestFailure("wrong bytes in the \(count) from \(received) on")
                    }
                    received += count
                }
                return received
            }
        }
    }
}

public import CausewayBytes
public import CausewayCrypto

/// One direction of a Shadowsocks 2022 stream, on the receiving side (SIP022 section 3.1.1).
public struct StreamOpener: Sendable {
    /// Why a stream cannot go on. Both mean that somebody between the peers changed it, or that the peer is broken.
    public enum StreamError: Error, Equatable {
        /// A tag did not fit.
        case authentication
        /// A chunk said that it is empty, which no sender of ours or of the reference ever does.
        case emptyChunk
    }

    /// Payloads up to this many bytes are moved together, so that many tiny chunks make one write.
    static let mergeLimit = 1024

    private let key: Subkey
    private let algorithm: AEADAlgorithm
    private var counter: UInt64
    /// Bytes of the payload that comes next, or -1 before its length is known.
    private var expected: Int32

    /// A stream under `key` whose next nonce is `counter`; `expected` is the payload that comes next where a header
    /// has told it.
    public init(key: Subkey, algorithm: AEADAlgorithm, counter: UInt64, expected: Int? = nil) {
        self.key = key
        self.algorithm = algorithm
        self.counter = counter
        self.expected = expected.map(Int32.init) ?? -1
    }

    /// Whether the stream may end here, on a chunk's boundary, provided that no input is left over either.
    public var isAtBoundary: Bool { self.expected < 0 }

    /// Regions that `open` appends at most for `count` bytes of input.
    public static func maximumRegions(for count: Int) -> Int { count / (Self.mergeLimit + 1 + 50) * 2 + 4 }

    /// Opens every record that is whole in `input`, in place, and appends the payloads to `payloads`; one that is
    /// small may be moved up to the one before it out of the same input. Returns the bytes that are done with; the rest
    /// is the start of a record and is to be given again with what follows.
    ///
    /// An appended payload keeps 18 bytes of used input before it and 16 behind it: room to seal it again. Where the
    /// payload's length was opened by an earlier call, `input` begins with the payload, and the room before it is for
    /// the owner of the buffer to leave.
    public mutating func open(
        _ input: ByteRegion,
        into payloads: RegionList,
        with aead: any AEADBackend
    ) throws(StreamError) -> Int {
        let first = payloads.count
        var offset = 0
        while true {
            if self.expected < 0 {
                guard input.count - offset >= 2 + tagCount else { return offset }
                try self.openRecord(input.region(offset..<offset + 2 + tagCount), with: aead)
                let length = input.load(at: offset, as: UInt16.self)
                guard length > 0 else { throw .emptyChunk }
                self.expected = Int32(length)
                offset += 2 + tagCount
            }
            let count = Int(self.expected)
            guard input.count - offset >= count + tagCount else { return offset }
            try self.openRecord(input.region(offset..<offset + count + tagCount), with: aead)
            Self.append(input.region(offset..<offset + count), to: payloads, from: first)
            self.expected = -1
            offset += count + tagCount
        }
    }

    /// Opens `record` in place under the next nonce; its last 16 bytes are the tag.
    mutating func openRecord(_ record: ByteRegion, with aead: any AEADBackend) throws(StreamError) {
        guard aead.open(record, self.algorithm, key: self.key, nonce: Nonce(counter: self.counter)) else {
            throw .authentication
        }
        self.counter += 1
    }

    /// Appends `payload`, or moves it up to the last payload if that is one of this call's, the `first` and later: an
    /// earlier one may lie in another buffer.
    private static func append(_ payload: ByteRegion, to payloads: RegionList, from first: Int) {
        if payload.count <= Self.mergeLimit, payloads.count > first {
            let last = payloads[payloads.count - 1]
            if last.count + payload.count <= StreamSealer.maximumPayloadCount {
                // Safe: the bytes behind `last` up to `payload` are opened input, which nobody needs any more.
                let merged = ByteRegion(base: last.base, count: last.count + payload.count)
                merged.copy(payload, to: last.count)
                payloads[payloads.count - 1] = merged
                return
            }
        }
        payloads.append(payload)
    }
}

import CausewayBytes
import CausewayWire

/// The memory in which a loop does all its reading, opening, sealing and writing.
///
///     headroom 2 KiB | start of a record, up to 64 KiB | one read, up to 256 KiB, with gaps | slack
///
/// It is used by one session at a time and holds nothing between two turns.
struct Scratch: ~Copyable {
    /// Free bytes before everything that is read, for the header of a first unit.
    static let headroom = 2048
    /// The most that one read takes.
    static let readLimit = 256 * 1024
    /// Payload of the chunks that plaintext is cut into.
    static let chunkCount = 16 * 1024
    /// Free bytes between two chunks' payloads: the tag of the one and the sealed length of the other.
    static var gap: Int { StreamSealer.tailroom + StreamSealer.headroom }
    /// The longest start of a record that waits for its rest.
    static let partialCount = StreamSealer.maximumPayloadCount + StreamSealer.tailroom

    private static let gaps = (readLimit / chunkCount + 9) * gap
    private static let count = headroom + partialCount + readLimit + 2 * chunkCount + gaps

    private let memory: UnsafeMutableRawBufferPointer
    /// All of it.
    let region: ByteRegion

    init() {
        self.memory = .allocate(byteCount: Self.count, alignment: 64)
        self.region = ByteRegion(self.memory)
    }

    deinit {
        self.memory.deallocate()
    }

    /// Where reading begins: everything behind the headroom.
    var body: ByteRegion { self.region.suffix(from: Self.headroom) }

    /// The offsets of `part`, which lies in this memory.
    func range(of part: ByteRegion) -> Range<Int> {
        let start = part.base - self.region.base
        return start..<start + part.count
    }

    /// Fills `regions` with room for `count` bytes of plaintext, in chunks with gaps for what sealing adds.
    func layOutChunks(_ count: Int, in regions: RegionList) {
        regions.removeAll()
        var offset = Self.headroom
        var left = count
        while left > 0 {
            let chunk = min(left, Self.chunkCount)
            regions.append(self.region.region(offset..<offset + chunk))
            offset += chunk + Self.gap
            left -= chunk
        }
    }
}

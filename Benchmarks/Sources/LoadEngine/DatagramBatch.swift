import CLoad

/// Room for as many datagrams as one call moves, each with the address that it comes from or goes to.
final class DatagramBatch {
    static let capacity = Int(CLOAD_BATCH)
    /// The longest datagram there is room for.
    static let longest = 2048

    /// How many there are.
    var count = 0
    /// The first ``count`` count.
    var datagrams = [CLoad_datagram](repeating: CLoad_datagram(), count: DatagramBatch.capacity)
    let bytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: DatagramBatch.capacity * DatagramBatch.longest,
        alignment: 64
    )

    deinit { self.bytes.deallocate() }

    var isFull: Bool { self.count == Self.capacity }

    /// The bytes of one datagram.
    subscript(_ index: Int) -> UnsafeRawBufferPointer {
        let start = index * Self.longest
        return UnsafeRawBufferPointer(rebasing: self.bytes[start..<start + Int(self.datagrams[index].size)])
    }

    /// Adds a datagram for the far end of a connected socket: a header, a stamp, and the payload to the given size.
    func append(header: [UInt8], stamp: Stamp, payload: Payload, size: Int) {
        precondition(!self.isFull && header.count + size <= Self.longest, "a batch has room for what is put into it")
        let place = UnsafeMutableRawBufferPointer(rebasing: self.bytes[(self.count * Self.longest)...])
        place.copyBytes(from: header)
        UnsafeMutableRawBufferPointer(rebasing: place[header.count...]).copyBytes(from: payload.bytes[..<size])
        place.storeBytes(of: stamp.word.bigEndian, toByteOffset: header.count, as: UInt64.self)
        self.datagrams[self.count] = CLoad_datagram(host: 0, port: 0, size: UInt16(header.count + size))
        self.count += 1
    }
}

import CausewayCrypto

/// The whole of BLAKE3 (chunks, tree, extended output) around `BLAKE3.compress`, to run the official vectors with. The
/// product needs one compression alone, so this stays with the tests.
enum BLAKE3Tree {
    /// One compression that has not been made yet: as a chaining value, or as root output.
    private struct Node {
        var chainingValue: BLAKE3.ChainingValue
        var block: BLAKE3.Block
        var counter: UInt64
        var byteCount: Int
        var flags: BLAKE3.Flags

        func compressed() -> BLAKE3.ChainingValue {
            let output = BLAKE3.compress(
                self.chainingValue,
                self.block,
                counter: self.counter,
                byteCount: self.byteCount,
                flags: self.flags
            )
            return BLAKE3.ChainingValue { output[$0] }
        }

        func rootOutput(_ count: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            var counter: UInt64 = 0
            while bytes.count < count {
                let output = BLAKE3.compress(
                    self.chainingValue,
                    self.block,
                    counter: counter,
                    byteCount: self.byteCount,
                    flags: self.flags.union(.root)
                )
                for index in 0..<16 { bytes += output[index].littleEndianBytes }
                counter += 1
            }
            return Array(bytes[..<count])
        }
    }

    static func hash(_ input: [UInt8], count: Int) -> [UInt8] {
        Self.node(input[...], key: BLAKE3.initialValue, flags: []).rootOutput(count)
    }

    static func keyedHash(_ input: [UInt8], key: [UInt8], count: Int) -> [UInt8] {
        Self.node(input[...], key: Self.chainingValue(key), flags: .keyedHash).rootOutput(count)
    }

    static func deriveKey(_ material: [UInt8], context: String, count: Int) -> [UInt8] {
        let key = Self.node(Array(context.utf8)[...], key: BLAKE3.initialValue, flags: .deriveKeyContext).rootOutput(32)
        return Self.node(material[...], key: Self.chainingValue(key), flags: .deriveKeyMaterial).rootOutput(count)
    }

    private static func chainingValue(_ bytes: [UInt8]) -> BLAKE3.ChainingValue {
        let block = Self.block(bytes[...])
        return BLAKE3.ChainingValue { block[$0] }
    }

    private static func block(_ bytes: ArraySlice<UInt8>) -> BLAKE3.Block {
        BLAKE3.Block { word in
            (0..<4).reduce(UInt32(0)) { value, byte in
                let index = bytes.startIndex + 4 * word + byte
                return index < bytes.endIndex ? value | UInt32(bytes[index]) << UInt32(8 * byte) : value
            }
        }
    }

    private static func node(
        _ input: ArraySlice<UInt8>,
        key: BLAKE3.ChainingValue,
        flags: BLAKE3.Flags,
        firstChunk: UInt64 = 0
    ) -> Node {
        guard input.count > 1024 else { return Self.chunk(input, key: key, flags: flags, number: firstChunk) }
        // The left subtree is the largest power of two of whole chunks that leaves at least one byte to the right.
        var leftCount = 1024
        while leftCount * 2 < input.count { leftCount *= 2 }
        let split = input.startIndex + leftCount
        let left = Self.node(input[..<split], key: key, flags: flags, firstChunk: firstChunk).compressed()
        let rightChunk = firstChunk + UInt64(leftCount / 1024)
        let right = Self.node(input[split...], key: key, flags: flags, firstChunk: rightChunk).compressed()
        let block = BLAKE3.Block { $0 < 8 ? left[$0] : right[$0 - 8] }
        return Node(chainingValue: key, block: block, counter: 0, byteCount: 64, flags: flags.union(.parent))
    }

    private static func chunk(
        _ input: ArraySlice<UInt8>,
        key: BLAKE3.ChainingValue,
        flags: BLAKE3.Flags,
        number: UInt64
    ) -> Node {
        var value = key
        var rest = input
        var flags = flags.union(.chunkStart)
        while rest.count > 64 {
            let block = Self.block(rest.prefix(64))
            value = Node(chainingValue: value, block: block, counter: number, byteCount: 64, flags: flags).compressed()
            rest = rest.dropFirst(64)
            flags.subtract(.chunkStart)
        }
        flags.formUnion(.chunkEnd)
        return Node(
            chainingValue: value,
            block: Self.block(rest),
            counter: number,
            byteCount: rest.count,
            flags: flags
        )
    }
}

extension UInt32 {
    fileprivate var littleEndianBytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self >> UInt32(8 * $0)) } }
}

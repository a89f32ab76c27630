public import CausewayBytes

/// Bytes that wait: what a socket did not take, or the start of a record whose rest has not come.
///
/// A block is a loan from a ``BlockPool``; whoever holds it gives it back. An empty block holds no memory.
public struct Block {
    fileprivate var base: UnsafeMutableRawPointer?
    fileprivate var sizeClass: Int32 = 0
    private var start: Int32 = 0
    private var end: Int32 = 0

    /// A block without memory.
    public init() {
        self.base = nil
    }

    fileprivate init(base: UnsafeMutableRawPointer, sizeClass: Int32, count: Int) {
        self.base = base
        self.sizeClass = sizeClass
        self.end = Int32(count)
    }

    public var isEmpty: Bool { self.start == self.end }

    /// Bytes that wait.
    public var count: Int { Int(self.end - self.start) }

    /// The bytes that wait, in the block's own memory.
    public var region: ByteRegion {
        guard let base = self.base else { return ByteRegion(UnsafeMutableRawBufferPointer(start: nil, count: 0)) }
        return ByteRegion(base: base + Int(self.start), count: self.count)
    }

    /// Drops the first `count` bytes.
    public mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= self.count)
        self.start += Int32(count)
    }
}

/// The blocks of one loop, in sizes of powers of two from 1 KiB to 512 KiB.
///
/// Freed blocks are kept for the next need, up to a bound; what is lent is counted, so that a loop under pressure can
/// read less.
public final class BlockPool {
    private static let smallest = 10
    private static let classCount = 10
    /// The most bytes that one block holds.
    public static let maximumCount = 1 << (smallest + classCount - 1)

    private var free: [[UnsafeMutableRawPointer]] = Array(repeating: [], count: classCount)
    private var keptCount = 0
    private let keep: Int
    /// Bytes of memory in blocks that are lent now.
    public private(set) var lentCount = 0

    /// - Parameter keep: bytes of freed blocks that are kept for reuse.
    public init(keep: Int) {
        self.keep = keep
    }

    deinit {
        for blocks in self.free {
            for block in blocks { block.deallocate() }
        }
    }

    /// A block with a copy of `region`, or an empty one for no bytes. At most `maximumCount` bytes.
    public func block(copying region: ByteRegion) -> Block {
        guard !region.isEmpty else { return Block() }
        let block = self.block(region.count)
        block.region.copy(region)
        return block
    }

    /// A block with a copy of `bytes`. At most `maximumCount` bytes.
    public func block(copying bytes: [UInt8]) -> Block {
        guard !bytes.isEmpty else { return Block() }
        let block = self.block(bytes.count)
        block.region.copy(bytes)
        return block
    }

    /// A block of `count` undefined bytes, to be filled by the caller.
    public func block(_ count: Int) -> Block {
        precondition(count > 0 && count <= Self.maximumCount)
        let sizeClass = max(Int.bitWidth - (count - 1).leadingZeroBitCount - Self.smallest, 0)
        let size = 1 << (Self.smallest + sizeClass)
        self.lentCount += size
        if let base = self.free[sizeClass].popLast() {
            self.keptCount -= size
            return Block(base: base, sizeClass: Int32(sizeClass), count: count)
        }
        let base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        return Block(base: base, sizeClass: Int32(sizeClass), count: count)
    }

    /// Takes a block back and leaves an empty one.
    public func release(_ block: inout Block) {
        guard let base = block.base else { return }
        let sizeClass = Int(block.sizeClass)
        let size = 1 << (Self.smallest + sizeClass)
        self.lentCount -= size
        if self.keptCount + size <= self.keep {
            self.free[sizeClass].append(base)
            self.keptCount += size
        } else {
            base.deallocate()
        }
        block = Block()
    }
}

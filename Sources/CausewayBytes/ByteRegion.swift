/// A view of bytes that somebody else owns, checked at its bounds.
///
/// The data plane works in place: one buffer is filled by the kernel, opened, sealed and written again. `ByteRegion` is
/// the only pointer that crosses our targets for that. It owns nothing and is valid only as long as its owner says,
/// in practice during the call it was passed to; it must not be stored.
///
/// Offsets and counts are in bytes. An access beyond `count` is our bug and traps.
public struct ByteRegion {
    public let base: UnsafeMutableRawPointer
    public let count: Int

    @inlinable
    public init(base: UnsafeMutableRawPointer, count: Int) {
        precondition(count >= 0)
        self.base = base
        self.count = count
    }

    @inlinable
    public init(_ buffer: UnsafeMutableRawBufferPointer) {
        // Safe: an empty buffer may have no base address; no byte of the stand-in is ever touched.
        self.base = buffer.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped
        self.count = buffer.count
    }

    @inlinable
    public var isEmpty: Bool { self.count == 0 }

    @inlinable
    public subscript(offset: Int) -> UInt8 {
        get {
            precondition(offset >= 0 && offset < self.count)
            return self.base.load(fromByteOffset: offset, as: UInt8.self)
        }
        nonmutating set {
            precondition(offset >= 0 && offset < self.count)
            self.base.storeBytes(of: newValue, toByteOffset: offset, as: UInt8.self)
        }
    }

    /// The bytes of `range`, still owned by the same owner.
    @inlinable
    public func region(_ range: Range<Int>) -> ByteRegion {
        precondition(range.lowerBound >= 0 && range.upperBound <= self.count)
        return ByteRegion(base: self.base + range.lowerBound, count: range.count)
    }

    /// The bytes from `offset` to the end.
    @inlinable
    public func suffix(from offset: Int) -> ByteRegion {
        precondition(offset >= 0 && offset <= self.count)
        return ByteRegion(base: self.base + offset, count: self.count - offset)
    }

    /// The big-endian integer at `offset`.
    @inlinable
    public func load<Integer: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as: Integer.Type) -> Integer {
        precondition(offset >= 0 && offset + MemoryLayout<Integer>.size <= self.count)
        return Integer(bigEndian: self.base.loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }

    /// Writes `value` big-endian at `offset`.
    @inlinable
    public func store<Integer: FixedWidthInteger & BitwiseCopyable>(_ value: Integer, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<Integer>.size <= self.count)
        self.base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: Integer.self)
    }

    /// Copies all of `source` to `offset`; the two may overlap.
    @inlinable
    public func copy(_ source: ByteRegion, to offset: Int = 0) {
        precondition(offset >= 0 && offset + source.count <= self.count)
        (self.base + offset).copyMemory(from: source.base, byteCount: source.count)
    }

    /// Copies all of `source` to `offset`.
    @inlinable
    public func copy(_ source: [UInt8], to offset: Int = 0) {
        precondition(offset >= 0 && offset + source.count <= self.count)
        source.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            (self.base + offset).copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Sets every byte to zero.
    @inlinable
    public func clear() {
        self.base.initializeMemory(as: UInt8.self, repeating: 0, count: self.count)
    }

    /// A copy of the bytes, for the cold paths and the tests.
    @inlinable
    public func array() -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: self.base, count: self.count))
    }
}

extension Array where Element == UInt8 {
    /// Lends the array's bytes as a region for the length of `body`.
    @inlinable
    public mutating func withByteRegion<Result, Failure: Error>(
        _ body: (ByteRegion) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // `withUnsafeMutableBytes` only rethrows untyped, so the outcome travels through a variable.
        var outcome: Swift.Result<Result, Failure>?
        self.withUnsafeMutableBytes { bytes in
            let region = ByteRegion(bytes)
            outcome = Swift.Result { () throws(Failure) in try body(region) }
        }
        switch outcome {
        case .some(let outcome): return try outcome.get()
        case .none: preconditionFailure("the array did not lend its bytes")
        }
    }
}

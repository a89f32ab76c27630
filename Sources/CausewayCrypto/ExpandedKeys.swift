import COpenSSL
import CausewayBytes

/// What a library makes of a key, kept for the keys used last: a busy session finds its own again, an idle one costs
/// nothing. A direct-mapped cache; wiped when it goes.
struct ExpandedKeys: ~Copyable {
    /// Whose expanded key lies at a place.
    private struct Owner {
        var key: Subkey
        var algorithm: AEADAlgorithm?
    }

    /// An expanded key is up to 1 KiB: so many stay in the processor's second cache beside the data.
    private static let entryCount = 64
    /// Libraries load round keys a register at a time.
    private static let alignment = 64

    // Safe: both allocated in `init`, freed in `deinit`, reached from the owning loop alone.
    private let owners: UnsafeMutablePointer<Owner>
    private let keys: UnsafeMutableRawPointer
    private let stride: Int

    /// - Parameter count: bytes of one expanded key.
    init(of count: Int) {
        self.stride = (count + Self.alignment - 1) / Self.alignment * Self.alignment
        self.owners = .allocate(capacity: Self.entryCount)
        self.owners.initialize(repeating: Owner(key: Subkey(), algorithm: nil), count: Self.entryCount)
        self.keys = .allocate(byteCount: Self.entryCount * self.stride, alignment: Self.alignment)
    }

    deinit {
        for index in 0..<Self.entryCount where self.owners[index].algorithm != nil {
            OPENSSL_cleanse(self.keys + index * self.stride, self.stride)
        }
        OPENSSL_cleanse(self.owners, Self.entryCount * MemoryLayout<Owner>.stride)
        self.owners.deallocate()
        self.keys.deallocate()
    }

    /// The expanded `key`, aligned to 64 bytes and good until the next call. Where it is not there, `expand` makes it of
    /// the key's bytes.
    @inline(__always)
    func find(
        _ algorithm: AEADAlgorithm,
        _ key: Subkey,
        expand: (_ key: UnsafeRawPointer, _ expanded: UnsafeMutableRawPointer) -> Void
    ) -> UnsafeRawPointer {
        // A subkey is the output of a hash: any of its bits are a good index.
        let index = Int(truncatingIfNeeded: key.words[0] % UInt64(Self.entryCount))
        let owner = self.owners + index
        let expanded = self.keys + index * self.stride
        if owner.pointee.algorithm == algorithm, owner.pointee.key.isSame(as: key) { return UnsafeRawPointer(expanded) }
        key.withBytes { key in expand(key, expanded) }
        owner.pointee.key = key
        owner.pointee.algorithm = algorithm
        return UnsafeRawPointer(expanded)
    }
}

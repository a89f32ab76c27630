import COpenSSL
import CausewayBytes

/// What a library makes of a key, kept for some of the keys used last: a busy session finds its own again, an idle one
/// costs nothing. A cache of sets of four places, of which the longest filled one makes room; wiped when it goes.
///
/// - Parameter Kind: what else than the key's bytes an expanded key is for, such as the cipher.
struct ExpandedKeys<Kind: Equatable>: ~Copyable {
    /// Whose expanded key lies at a place.
    private struct Owner {
        var key = Subkey()
        var kind: Kind?
    }

    /// An expanded key is 256 bytes to 1 KiB, and touched only where it is used: all together stay in a processor's
    /// second cache.
    private static var setCount: Int { 32 }
    private static var placesOfSet: Int { 4 }
    private static var entryCount: Int { Self.setCount * Self.placesOfSet }
    /// Libraries load round keys a register at a time.
    private static var alignment: Int { 64 }

    // Safe: all allocated in `init`, freed in `deinit`, reached from the owning loop alone.
    private let owners: UnsafeMutablePointer<Owner>
    private let keys: UnsafeMutableRawPointer
    /// The place of each set that is given away next.
    private let next: UnsafeMutablePointer<UInt8>
    private let stride: Int

    /// - Parameter count: bytes of one expanded key.
    init(of count: Int) {
        self.stride = (count + Self.alignment - 1) / Self.alignment * Self.alignment
        self.owners = .allocate(capacity: Self.entryCount)
        self.owners.initialize(repeating: Owner(), count: Self.entryCount)
        self.keys = .allocate(byteCount: Self.entryCount * self.stride, alignment: Self.alignment)
        self.next = .allocate(capacity: Self.setCount)
        self.next.initialize(repeating: 0, count: Self.setCount)
    }

    deinit {
        for index in 0..<Self.entryCount where self.owners[index].kind != nil {
            OPENSSL_cleanse(self.keys + index * self.stride, self.stride)
        }
        OPENSSL_cleanse(self.owners, Self.entryCount * MemoryLayout<Owner>.stride)
        self.owners.deallocate()
        self.keys.deallocate()
        self.next.deallocate()
    }

    /// The expanded `key`, aligned to 64 bytes and good until the next call. Where it is not there, `expand` makes it of
    /// the key's bytes.
    @inline(__always)
    func find(
        _ kind: Kind,
        _ key: Subkey,
        expand: (_ key: UnsafeRawPointer, _ expanded: UnsafeMutableRawPointer) -> Void
    ) -> UnsafeRawPointer {
        // A subkey is the output of a hash, a key is random: any of its bits are a good index.
        let set = Int(truncatingIfNeeded: key.words[0] % UInt64(Self.setCount))
        let first = set * Self.placesOfSet
        for index in first..<first + Self.placesOfSet {
            let owner = self.owners + index
            if owner.pointee.key.isSame(as: key), owner.pointee.kind == kind {
                return UnsafeRawPointer(self.keys + index * self.stride)
            }
        }
        let index = first + Int(self.next[set])
        self.next[set] = (self.next[set] + 1) % UInt8(Self.placesOfSet)
        let expanded = self.keys + index * self.stride
        key.withBytes { key in expand(key, expanded) }
        self.owners[index].key = key
        self.owners[index].kind = kind
        return UnsafeRawPointer(expanded)
    }
}

import CausewayBytes
import CausewayCrypto

/// The subkeys of the sessions whose datagrams come one after the other, so that not every datagram costs a hash: a small
/// cache with two places for each session. One that is not in it costs the hash, and nothing else. One instance belongs
/// to one loop.
final class PacketSubkeys {
    private struct Entry {
        var session: UInt64 = 0
        /// The pre-shared key; kept, so that no other can be taken for it.
        var key: Secret?
        var subkey = Subkey()
    }

    private static let entryCount = 256

    private var entries = [Entry](repeating: Entry(), count: PacketSubkeys.entryCount)

    /// The key of an AES session's datagrams in one direction (SIP022 section 3.2.1).
    func subkey(_ session: UInt64, of key: Secret) -> Subkey {
        // Whoever knows the pre-shared key chooses the session's number: at worst they take each other's places.
        let place = 2 * Int(truncatingIfNeeded: session % UInt64(Self.entryCount / 2))
        for place in place...place + 1
        where self.entries[place].session == session && self.entries[place].key === key {
            return self.entries[place].subkey
        }
        var number = session.bigEndian
        let subkey = withUnsafeMutableBytes(of: &number) { bytes in
            KeyDerivation.subkey(.session, key: key, salt: ByteRegion(bytes), count: key.count)
        }
        self.entries[place + 1] = self.entries[place]
        self.entries[place] = Entry(session: session, key: key, subkey: subkey)
        return subkey
    }
}

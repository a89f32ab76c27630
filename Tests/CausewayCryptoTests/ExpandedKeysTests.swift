import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

/// What `AEADTests`, which run through every backend too, do not say of those that keep expanded keys.
@Suite struct ExpandedKeysTests {
    @Test(arguments: Backend.available)
    func `instances share nothing but the library`(backend: Backend) throws {
        let key = Subkey([UInt8](repeating: 7, count: 32))
        var record = [UInt8](repeating: 1, count: 100)
        let plain = record.dropLast(tagCount)
        do {
            let gone = try backend.make()
            record.withByteRegion { gone.seal($0, .aes256GCM, key: key, nonce: Nonce(counter: 1)) }
        }
        let aead = try backend.make()
        let isOpen = record.withByteRegion { aead.open($0, .aes256GCM, key: key, nonce: Nonce(counter: 1)) }
        #expect(isOpen && record.dropLast(tagCount) == plain)
    }

    /// Every key of a session seals a length and a payload; many sessions take turns in a cache that cannot hold them.
    @Test(arguments: Backend.available, AEADAlgorithm.allCases)
    func `seals as OpenSSL does when more keys take turns than fit`(backend: Backend, algorithm: AEADAlgorithm) throws {
        let (aead, openSSL) = (try backend.make(), try AEADChoice.openSSL.make())
        var random = SeededGenerator(seed: 21)
        let keys = (0..<500).map { _ in Subkey(random.bytes(algorithm == .aes128GCM ? 16 : 32)) }
        for round in 0..<3 {
            for (number, key) in keys.enumerated() {
                let plain = random.bytes(number % 50 + round) + [UInt8](repeating: 0, count: tagCount)
                let nonce = Nonce(counter: UInt64(round))
                var (left, right) = (plain, plain)
                left.withByteRegion { aead.seal($0, algorithm, key: key, nonce: nonce) }
                right.withByteRegion { openSSL.seal($0, algorithm, key: key, nonce: nonce) }
                #expect(left == right, "key \(number), round \(round)")
                let isOpen = left.withByteRegion { aead.open($0, algorithm, key: key, nonce: nonce) }
                #expect(isOpen, "key \(number), round \(round)")
            }
        }
    }

    /// The same bytes are a key of two ciphers: what was made of them for one is not taken for the other.
    @Test(arguments: Backend.available)
    func `a key is expanded for each cipher`(backend: Backend) throws {
        let aead = try backend.make()
        let key = Subkey([UInt8](repeating: 7, count: 32))
        let sealed = AEADAlgorithm.allCases.map { algorithm in
            var record = [UInt8](repeating: 1, count: 64 + tagCount)
            record.withByteRegion { aead.seal($0, algorithm, key: key, nonce: Nonce(counter: 1)) }
            return record
        }
        #expect(Set(sealed).count == AEADAlgorithm.allCases.count)
    }
}

import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

/// What `AEADBackendTests`, which run through this backend too, do not say.
@Suite(.enabled(if: Backend.multiBufferObstacle == nil, "Intel's multi-buffer library cannot be used here"))
struct MultiBufferBackendTests {
    @Test func `says which version it is`() throws {
        let name = try MultiBufferBackend().name
        #expect(name.wholeMatch(of: /Intel multi-buffer \d+\.\d+\.\d+.*/) != nil, "\(name)")
    }

    @Test func `instances share nothing but the library`() throws {
        let key = Subkey([UInt8](repeating: 7, count: 32))
        var record = [UInt8](repeating: 1, count: 100)
        let plain = record.dropLast(tagCount)
        do {
            let gone = try MultiBufferBackend()
            record.withByteRegion { gone.seal($0, .aes256GCM, key: key, nonce: Nonce(counter: 1)) }
        }
        let aead = try MultiBufferBackend()
        let isOpen = record.withByteRegion { aead.open($0, .aes256GCM, key: key, nonce: Nonce(counter: 1)) }
        #expect(isOpen && record.dropLast(tagCount) == plain)
    }

    /// Every key of a session seals a length and a payload; many sessions take turns in a cache that cannot hold them.
    @Test(arguments: [AEADAlgorithm.aes128GCM, .aes256GCM])
    func `seals as OpenSSL does when more keys take turns than fit`(algorithm: AEADAlgorithm) throws {
        let (intel, openSSL) = (try MultiBufferBackend(), try AEADChoice.openSSL.make())
        var random = SeededGenerator(seed: 21)
        let keys = (0..<500).map { _ in Subkey(random.bytes(algorithm == .aes128GCM ? 16 : 32)) }
        for round in 0..<3 {
            for (number, key) in keys.enumerated() {
                let plain = random.bytes(number % 50 + round) + [UInt8](repeating: 0, count: tagCount)
                let nonce = Nonce(counter: UInt64(round))
                var (left, right) = (plain, plain)
                left.withByteRegion { intel.seal($0, algorithm, key: key, nonce: nonce) }
                right.withByteRegion { openSSL.seal($0, algorithm, key: key, nonce: nonce) }
                #expect(left == right, "key \(number), round \(round)")
            }
        }
    }
}

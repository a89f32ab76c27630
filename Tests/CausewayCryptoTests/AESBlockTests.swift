import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

/// FIPS 197 appendix C.1 and C.3, and NIST SP 800-38A F.1.1 and F.1.5.
@Suite struct AESBlockTests {
    static let vectors: [(key: String, plain: String, cipher: String)] = [
        (
            "000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"
        ),
        (
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899aabbccddeeff",
            "8ea2b7ca516745bfeafc49904b496089"
        ),
        (
            "2b7e151628aed2a6abf7158809cf4f3c", "6bc1bee22e409f96e93d7e117393172a", "3ad77bb40d7a3660a89ecaf32466ef97"
        ),
        (
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "6bc1bee22e409f96e93d7e117393172a",
            "f3eed1bdb5d2a03c064b5a7e3db181f8"
        ),
    ]

    /// Those that this binary has.
    enum Library: CaseIterable {
        case openSSL
        case boringSSL

        static var available: [Library] { Self.allCases.filter { $0 == .openSSL || BoringSSLBackend.isBuilt } }

        func make() throws -> any AESBlock {
            switch self {
            case .openSSL: try #require(OpenSSLBlock())
            case .boringSSL: try #require(BoringSSLBlock())
            }
        }
    }

    @Test(arguments: Library.available)
    func `encrypts and decrypts the published blocks`(library: Library) throws {
        // One instance for all, in turn: no key may stay behind in the context.
        let aes = try library.make()
        for _ in 0..<2 {
            for vector in Self.vectors {
                let key = [UInt8](hex: vector.key)
                var block = [UInt8](hex: vector.plain)
                block.withByteRegion { aes.encrypt($0, key: Subkey(key), keyCount: key.count) }
                #expect(block.hex == vector.cipher)
                block.withByteRegion { aes.decrypt($0, key: Subkey(key), keyCount: key.count) }
                #expect(block.hex == vector.plain)
            }
        }
    }

    /// Many keys take turns in a cache that cannot hold them.
    @Test(arguments: Library.available)
    func `does as OpenSSL with each of many keys`(library: Library) throws {
        let (aes, openSSL) = (try library.make(), try Library.openSSL.make())
        var random = SeededGenerator(seed: 8)
        let keys = (0..<500).map { number in random.bytes(number % 2 == 0 ? 16 : 32) }
        for _ in 0..<3 {
            for key in keys {
                let plain = random.bytes(16)
                var (left, right) = (plain, plain)
                left.withByteRegion { aes.encrypt($0, key: Subkey(key), keyCount: key.count) }
                right.withByteRegion { openSSL.encrypt($0, key: Subkey(key), keyCount: key.count) }
                #expect(left == right && left != plain)
                left.withByteRegion { aes.decrypt($0, key: Subkey(key), keyCount: key.count) }
                #expect(left == plain)
            }
        }
    }

    @Test(arguments: Library.available)
    func `touches its block alone`(library: Library) throws {
        let aes = try library.make()
        var bytes = [UInt8](repeating: 0xEE, count: 48)
        bytes.withByteRegion { aes.encrypt($0.region(16..<32), key: Subkey(), keyCount: 16) }
        #expect(bytes[..<16].allSatisfy { $0 == 0xEE } && bytes[32...].allSatisfy { $0 == 0xEE })
        #expect(Array(bytes[16..<32]) != [UInt8](repeating: 0xEE, count: 16))
    }

    @Test func `refuses anything but a block`() async {
        await #expect(processExitsWith: .failure) {
            var bytes = [UInt8](repeating: 0, count: 17)
            let aes = try #require(OpenSSLBlock())
            bytes.withByteRegion { aes.encrypt($0, key: Subkey(), keyCount: 16) }
        }
        await #expect(processExitsWith: .failure) {
            var bytes = [UInt8](repeating: 0, count: 17)
            let aes = try #require(makeAESBlock())
            bytes.withByteRegion { aes.decrypt($0, key: Subkey(), keyCount: 16) }
        }
    }
}

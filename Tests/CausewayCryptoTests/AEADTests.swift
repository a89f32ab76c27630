import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@Suite struct NonceTests {
    @Test func `counts little-endian`() throws {
        let vectors = try ShadowsocksVectors.load().nonce_counter
        var checked = 0
        for vector in vectors {
            // Two of the vectors need more than 64 bits, which no stream can count to.
            guard let counter = UInt64(vector.counter) else { continue }
            let nonce = Nonce(counter: counter)
            #expect(withUnsafeBytes(of: nonce, Array.init) == [UInt8](hex: vector.nonce), "\(vector.counter)")
            checked += 1
        }
        #expect(vectors.count == 11 && checked == 9)
        #expect(withUnsafeBytes(of: Nonce(counter: .max), Array.init).hex == "ffffffffffffffff00000000")
    }
}

@Suite struct AEADBackendTests {
    /// Key, nonce, plaintext and sealed bytes: test cases 1, 2, 3, 13 and 14 of the GCM paper (McGrew and Viega). The
    /// published ChaCha20-Poly1305 records have associated data, which we never do: the stream vectors stand for them.
    static let published: [(algorithm: AEADAlgorithm, key: String, nonce: String, plain: String, sealed: String)] = [
        (
            .aes128GCM, "00000000000000000000000000000000", "000000000000000000000000", "",
            "58e2fccefa7e3061367f1d57a4e7455a"
        ),
        (
            .aes128GCM, "00000000000000000000000000000000", "000000000000000000000000",
            "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"
        ),
        (
            .aes128GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
                + "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985"
                + "4d5c2af327cd64a62cf35abd2ba6fab4"
        ),
        (
            .aes256GCM, "0000000000000000000000000000000000000000000000000000000000000000",
            "000000000000000000000000", "", "530f8afbc74536b9a963b4f1c4cb738b"
        ),
        (
            .aes256GCM, "0000000000000000000000000000000000000000000000000000000000000000",
            "000000000000000000000000", "00000000000000000000000000000000",
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        ),
    ]

    @Test(arguments: Backend.available) func `seals and opens the published records`(backend: Backend) throws {
        let aead = try backend.make()
        for vector in Self.published {
            let key = Subkey([UInt8](hex: vector.key))
            let nonce = Nonce([UInt8](hex: vector.nonce))
            var record = [UInt8](hex: vector.plain) + [UInt8](repeating: 0xAA, count: tagCount)
            record.withByteRegion { aead.seal($0, vector.algorithm, key: key, nonce: nonce) }
            #expect(record.hex == vector.sealed)
            let isOpen = record.withByteRegion { aead.open($0, vector.algorithm, key: key, nonce: nonce) }
            #expect(isOpen)
            #expect(Array(record.dropLast(tagCount)).hex == vector.plain)
        }
    }

    @Test(arguments: Backend.available, AEADAlgorithm.allCases)
    func `opens what it sealed, of any size and at any alignment`(
        backend: Backend,
        algorithm: AEADAlgorithm
    ) throws {
        let aead = try backend.make()
        var random = SeededGenerator(seed: 11)
        let key = Subkey(random.bytes(algorithm.keyCount))
        let sizes = Array(0...80) + [127, 128, 129, 255, 256, 257, 1023, 1024, 1025, 16384, 65535]
        for (number, size) in sizes.enumerated() {
            let nonce = Nonce(counter: random.next() >> 1)
            let plain = random.bytes(size)
            let start = number % 17
            var bytes =
                Array(repeating: 0x5C, count: start) + plain + Array(repeating: UInt8(0x5C), count: tagCount + 9)
            let range = start..<start + size + tagCount
            bytes.withByteRegion { aead.seal($0.region(range), algorithm, key: key, nonce: nonce) }
            #expect(size < 16 || Array(bytes[range].dropLast(tagCount)) != plain)
            let isOpen = bytes.withByteRegion { aead.open($0.region(range), algorithm, key: key, nonce: nonce) }
            #expect(isOpen && Array(bytes[range].dropLast(tagCount)) == plain, "\(size) bytes")
            let around = bytes[..<start] + bytes[range.upperBound...]
            #expect(around.allSatisfy { $0 == 0x5C }, "bytes around a record of \(size) were touched")
        }
    }

    @Test(arguments: Backend.available, AEADAlgorithm.allCases)
    func `refuses a record with any byte changed`(backend: Backend, algorithm: AEADAlgorithm) throws {
        let aead = try backend.make()
        var random = SeededGenerator(seed: 12)
        let key = Subkey(random.bytes(algorithm.keyCount))
        let nonce = Nonce(counter: 7)
        var sealed = random.bytes(70 + tagCount)
        sealed.withByteRegion { aead.seal($0, algorithm, key: key, nonce: nonce) }
        for index in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[index] ^= 1 << UInt8(bit)
                let isOpen = changed.withByteRegion { aead.open($0, algorithm, key: key, nonce: nonce) }
                #expect(!isOpen, "bit \(bit) of byte \(index)")
            }
        }
        for count in 0..<sealed.count {
            var cut = Array(sealed[..<count])
            let isOpen = cut.withByteRegion { aead.open($0, algorithm, key: key, nonce: nonce) }
            #expect(!isOpen, "cut to \(count) bytes")
        }
        let isOpen = sealed.withByteRegion { aead.open($0, algorithm, key: key, nonce: nonce) }
        #expect(isOpen)
    }

    @Test(arguments: Backend.available, AEADAlgorithm.allCases)
    func `refuses another key, nonce or algorithm`(backend: Backend, algorithm: AEADAlgorithm) throws {
        let aead = try backend.make()
        var random = SeededGenerator(seed: 13)
        let keyBytes = random.bytes(algorithm.keyCount)
        let key = Subkey(keyBytes)
        let nonce = Nonce(low: 3, high: 4)
        var sealed = random.bytes(40)
        sealed.withByteRegion { aead.seal($0, algorithm, key: key, nonce: nonce) }

        func opens(_ algorithm: AEADAlgorithm, _ key: Subkey, _ nonce: Nonce) -> Bool {
            var copy = sealed
            return copy.withByteRegion { aead.open($0, algorithm, key: key, nonce: nonce) }
        }
        #expect(opens(algorithm, key, nonce))
        #expect(!opens(algorithm, key, Nonce(low: 4, high: 4)))
        #expect(!opens(algorithm, key, Nonce(low: 3, high: 5)))
        for index in keyBytes.indices {
            var other = keyBytes
            other[index] ^= 0x80
            #expect(!opens(algorithm, Subkey(other), nonce), "byte \(index) of the key")
        }
        for other in AEADAlgorithm.allCases where other != algorithm { #expect(!opens(other, key, nonce)) }
        #expect(opens(algorithm, key, nonce))
    }

    /// Expanded keys are cached by their low bits: keys that share a place must not open each other's records.
    @Test(arguments: Backend.available)
    func `keeps apart keys that collide in a cache, over all algorithms`(backend: Backend) throws {
        let aead = try backend.make()
        var keys: [(AEADAlgorithm, Subkey)] = []
        for algorithm in AEADAlgorithm.allCases {
            for number in 0..<6 {
                var bytes = [UInt8](repeating: 0, count: algorithm.keyCount)
                // The first word is the same for all; the keys differ in one far byte at most.
                bytes[algorithm.keyCount - 1] = UInt8(number)
                keys.append((algorithm, Subkey(bytes)))
            }
        }
        let plain = (0..<33).map { UInt8($0) }
        var records: [[UInt8]] = []
        for (algorithm, key) in keys {
            var record = plain + [UInt8](repeating: 0, count: tagCount)
            record.withByteRegion { aead.seal($0, algorithm, key: key, nonce: Nonce(counter: 0)) }
            records.append(record)
        }
        #expect(Set(records).count == records.count)
        for (index, (algorithm, key)) in keys.enumerated() {
            for (number, record) in records.enumerated() {
                var copy = record
                let isOpen = copy.withByteRegion { aead.open($0, algorithm, key: key, nonce: Nonce(counter: 0)) }
                #expect(isOpen == (index == number), "key \(index), record \(number)")
            }
        }
    }

    @Test(arguments: Backend.available)
    func `goes on as before after a record that did not open`(backend: Backend) throws {
        let aead = try backend.make()
        let key = Subkey([UInt8](repeating: 9, count: 16))
        var first = [UInt8](repeating: 1, count: 50)
        var garbage = [UInt8](repeating: 2, count: 50)
        first.withByteRegion { aead.seal($0, .aes128GCM, key: key, nonce: Nonce(counter: 1)) }
        let wasOpened = garbage.withByteRegion { aead.open($0, .aes128GCM, key: key, nonce: Nonce(counter: 1)) }
        var again = [UInt8](repeating: 1, count: 50)
        again.withByteRegion { aead.seal($0, .aes128GCM, key: key, nonce: Nonce(counter: 1)) }
        #expect(!wasOpened && first == again)
        let isOpen = first.withByteRegion { aead.open($0, .aes128GCM, key: key, nonce: Nonce(counter: 1)) }
        #expect(isOpen && first[..<34].allSatisfy { $0 == 1 })
    }

    /// No sanitizer sees into the assembly of a library: unreadable pages on both sides do.
    @Test(arguments: Backend.available, AEADAlgorithm.allCases)
    func `reads and writes nothing outside the record`(backend: Backend, algorithm: AEADAlgorithm) throws {
        let aead = try backend.make()
        var random = SeededGenerator(seed: 15)
        let key = Subkey(random.bytes(algorithm.keyCount))
        let pages = try GuardedPages(count: 5)
        for size in Array(0...300) + [511, 512, 513, 767, 768, 769, 1023, 1024, 1025, 4096, 16383, 16384] {
            let plain = random.bytes(size)
            for record in [pages.head(size + tagCount), pages.tail(size + tagCount)] {
                record.copy(plain)
                aead.seal(record, algorithm, key: key, nonce: Nonce(counter: 3))
                let isOpen = aead.open(record, algorithm, key: key, nonce: Nonce(counter: 3))
                #expect(isOpen && Array(record.array().dropLast(tagCount)) == plain, "\(size) bytes")
            }
        }
    }

    @Test(arguments: Backend.available) func `all backends seal the same bytes`(backend: Backend) throws {
        let (first, other) = (try Backend.openSSL.make(), try backend.make())
        var random = SeededGenerator(seed: 14)
        for algorithm in AEADAlgorithm.allCases {
            for size in [16, 17, 18, 48, 100, 1000, 16400] {
                let key = Subkey(random.bytes(algorithm.keyCount))
                let nonce = Nonce(low: random.next(), high: 0)
                var left = random.bytes(size)
                var right = left
                left.withByteRegion { first.seal($0, algorithm, key: key, nonce: nonce) }
                right.withByteRegion { other.seal($0, algorithm, key: key, nonce: nonce) }
                #expect(left == right)
            }
        }
    }
}

extension AEADAlgorithm {
    fileprivate var keyCount: Int { self == .aes128GCM ? 16 : 32 }
}

extension Nonce {
    fileprivate init(_ bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { bytes in
            Nonce(
                low: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                high: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
            )
        }
    }
}

import CausewayBytes
import TestSupport
import Testing

@testable import CausewayWire

@Suite struct SaltTests {
    @Test(arguments: [16, 32]) func `is written as it was read`(count: Int) {
        var random = SeededGenerator(seed: 61)
        let bytes = random.bytes(count)
        let salt = Salt(bytes: bytes)
        var written = [UInt8](repeating: 0xEE, count: count)
        written.withByteRegion { salt.write(into: $0) }
        #expect(written == bytes)
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 1
            #expect(Salt(bytes: other) != salt, "byte \(index)")
        }
    }
}

@Suite struct SaltSetTests {
    /// A set that an expectation can change.
    private final class Box {
        private(set) var set = SaltSet(seed: 7)

        func insert(_ salt: Salt) -> Bool { self.set.insert(salt) }
    }

    @Test func `keeps every salt while it grows`() {
        var random = SeededGenerator(seed: 62)
        let salts = (0..<3000).map { Salt(bytes: random.bytes($0 % 2 == 0 ? 16 : 32)) }
        let box = Box()
        for (index, salt) in salts.enumerated() {
            #expect(!box.set.contains(salt))
            #expect(box.insert(salt) && box.set.count == index + 1)
            #expect(!box.insert(salt) && box.set.contains(salt))
        }
        #expect(salts.allSatisfy { box.set.contains($0) })
        #expect(!box.set.contains(Salt(bytes: random.bytes(32))))
    }

    @Test func `takes an all-zero salt, which marks its free places, as there already`() {
        let box = Box()
        #expect(!box.insert(Salt()) && box.set.count == 0)
        #expect(box.insert(Salt(bytes: [UInt8](repeating: 1, count: 16))) && !box.insert(Salt()))
    }

    /// Senders choose their salts. The families are those that an arithmetic mix would pile up.
    @Test(arguments: 0..<5) func `spreads salts that differ in few bits`(family: Int) {
        var places: [Int: Int] = [:]
        for number in 0..<1024 {
            var salt = Salt()
            switch family {
            case 0: salt.words[0] = UInt64(number) << 32
            case 1: salt.words[1] = UInt64(number) << 48
            case 2: salt.words = [1, 2, UInt64(number), 0]
            case 3: salt.words = [1, 2, 3, UInt64(number) << 54]
            default: salt.words = [UInt64(number), UInt64(number), 0, 0]
            }
            places[SaltSet.home(of: salt, seed: 7, mask: 1023), default: 0] += 1
        }
        // 1,024 balls thrown into 1,024 bins: more than 20 in one has a chance below 10^-15.
        #expect(places.values.max() ?? 0 <= 20)
    }
}

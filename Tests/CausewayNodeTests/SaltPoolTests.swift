import CausewayBytes
import CausewayWire
import Foundation
import Synchronization
import Testing

@testable import CausewayNode

@Suite struct SaltPoolTests {
    private static func salt(_ number: Int) -> Salt {
        var salt = Salt()
        salt.words[0] = UInt64(number) &* 0x9e37_79b9_7f4a_7c15
        salt.words[1] = UInt64(number) &* 0xbf58_476d_1ce4_e5b9 | 1
        return salt
    }

    @Test func `of many loops that see the same salt exactly one may accept it`() {
        let pool = SaltPool(seed: 7, now: Instant(nanoseconds: 0))
        let count = 4000
        let accepted = Mutex([Int](repeating: 0, count: count))
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for step in 0..<count {
                // Each thread begins somewhere else, so that each is the first for a part.
                let number = (step + thread * 1000) % count
                let isNew = pool.insert(
                    Self.salt(number),
                    timestamp: 1000,
                    now: Instant(nanoseconds: 1),
                    clock: 1000
                )
                if isNew { accepted.withLock { $0[number] += 1 } }
            }
        }
        #expect(accepted.withLock { $0.allSatisfy { $0 == 1 } })
    }

    @Test func `two pools know nothing of each other`() {
        let now = Instant(nanoseconds: 0)
        for _ in 0..<2 {
            let pool = SaltPool(seed: 7, now: now)
            #expect(pool.insert(Self.salt(1), timestamp: 5, now: now, clock: 5))
            #expect(!pool.insert(Self.salt(1), timestamp: 5, now: now, clock: 5))
        }
    }
}

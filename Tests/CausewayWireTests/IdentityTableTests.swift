import CausewayCrypto
import TestSupport
import Testing

@testable import CausewayWire

@Suite struct IdentityTableTests {
    private static func key(_ number: Int) -> Secret {
        Secret(withUnsafeBytes(of: (UInt64(number), ~UInt64(number))) { Array($0) })
    }

    @Test func `finds nobody among no users`() {
        let table = IdentityTable(keys: [])
        #expect(table.user(of: KeyIdentity(low: 0, high: 0)) == nil)
        #expect(table.user(of: KeyDerivation.identity(of: Self.key(1))) == nil)
    }

    @Test func `finds each of 100,000 users and nobody else`() {
        let keys = (0..<100_000).map { Self.key($0) }
        let table = IdentityTable(keys: keys)
        var wrong = 0
        for (index, key) in keys.enumerated() {
            let user = table.user(of: KeyDerivation.identity(of: key))
            if user?.index != index || user?.key !== key { wrong += 1 }
        }
        #expect(wrong == 0)
        var random = SeededGenerator(seed: 51)
        let strangers = (0..<10_000).filter { _ in
            table.user(of: KeyIdentity(low: random.next(), high: random.next())) != nil
        }
        #expect(strangers.isEmpty)
    }

    @Test func `tells apart identities whose low bits are the same`() throws {
        // Twenty users fit 64 places; with six equal low bits all of them want the same one.
        let keys = (0...).lazy.map { Self.key($0) }.filter { KeyDerivation.identity(of: $0).low & 63 == 63 }.prefix(21)
        let users = Array(keys)
        let table = IdentityTable(keys: Array(users.dropLast()))
        for (index, key) in users.dropLast().enumerated() {
            let identity = KeyDerivation.identity(of: key)
            #expect(table.user(of: identity)?.index == index)
            // Half of an identity is not enough.
            #expect(table.user(of: KeyIdentity(low: identity.low, high: ~identity.high)) == nil)
            #expect(table.user(of: KeyIdentity(low: identity.low ^ (1 << 60), high: identity.high)) == nil)
        }
        let stranger = try #require(users.last)
        #expect(table.user(of: KeyDerivation.identity(of: stranger)) == nil)
    }

    @Test func `finds the first of two equal keys`() {
        let table = IdentityTable(keys: [Self.key(1), Self.key(2), Self.key(2)])
        #expect(table.user(of: KeyDerivation.identity(of: Self.key(2)))?.index == 1)
    }
}

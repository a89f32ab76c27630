import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@Suite struct XChaCha20Poly1305Tests {
    private struct Packets: Decodable {
        var udp_client_packets: [Packet]
    }

    private struct Packet: Decodable {
        var method: String
        var psks: [String]?
        var nonce: String?
        var plaintext: String?
        var sealed: String?
    }

    private func cases() throws -> [(key: Secret, nonce: [UInt8], plain: [UInt8], sealed: [UInt8])] {
        try Vectors.load("ss2022_vectors", as: Packets.self).udp_client_packets.compactMap { packet in
            guard let nonce = packet.nonce, let plain = packet.plaintext, let sealed = packet.sealed,
                let key = packet.psks?.first
            else { return nil }
            return (Secret([UInt8](hex: key)), [UInt8](hex: nonce), [UInt8](hex: plain), [UInt8](hex: sealed))
        }
    }

    @Test func `seals and opens the vectors in place`() throws {
        let cases = try self.cases()
        #expect(cases.count == 3)
        for (key, nonce, plain, sealed) in cases {
            var nonce = nonce
            var record = plain + Array(repeating: 0, count: 16)
            nonce.withByteRegion { nonce in
                record.withByteRegion { XChaCha20Poly1305.seal($0, key: key, nonce: nonce) }
            }
            #expect(record == sealed)
            let isOpened = nonce.withByteRegion { nonce in
                record.withByteRegion { XChaCha20Poly1305.open($0, key: key, nonce: nonce) }
            }
            #expect(isOpened && Array(record.dropLast(16)) == plain)
        }
    }

    @Test func `one bit that is other anywhere is refused, and so is what is shorter than a tag`() throws {
        let (key, nonce, _, sealed) = try #require(try self.cases().first)
        for index in sealed.indices {
            var (nonce, record) = (nonce, sealed)
            record[index] ^= 1 << UInt8(index % 8)
            let isOpened = nonce.withByteRegion { nonce in
                record.withByteRegion { XChaCha20Poly1305.open($0, key: key, nonce: nonce) }
            }
            #expect(!isOpened)
        }
        for count in 0..<16 {
            var (nonce, record) = (nonce, Array(sealed.prefix(count)))
            let isOpened = nonce.withByteRegion { nonce in
                record.withByteRegion { XChaCha20Poly1305.open($0, key: key, nonce: nonce) }
            }
            #expect(!isOpened)
        }
    }
}

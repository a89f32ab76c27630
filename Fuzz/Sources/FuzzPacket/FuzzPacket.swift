import CausewayBytes
import CausewayCrypto
import CausewayWire
import FuzzSupport

/// A datagram of session 1, number 2, whose body is `body`, sealed as the method does it.
func datagram(_ body: [UInt8], _ seals: Seals) -> [UInt8] {
    let header = UInt64(1).bigEndianBytes + UInt64(2).bigEndianBytes
    guard seals.method.hasIdentityHeaders else {
        var nonce = [UInt8](repeating: 4, count: XChaCha20Poly1305.nonceCount)
        var record = header + body + [UInt8](repeating: 0, count: tagCount)
        nonce.withByteRegion { nonce in
            record.withByteRegion { XChaCha20Poly1305.seal($0, key: seals.userKey, nonce: nonce) }
        }
        return nonce + record
    }
    let count = seals.method.keyCount
    var session = Array(header.prefix(8))
    let key = session.withByteRegion {
        KeyDerivation.subkey(.session, key: seals.userKey, salt: $0, count: count)
    }
    var record = body + [UInt8](repeating: 0, count: tagCount)
    record.withByteRegion { record in
        let nonce = header.withUnsafeBytes { header in
            Nonce(
                low: header.loadUnaligned(fromByteOffset: 4, as: UInt64.self),
                high: header.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
            )
        }
        seals.aead.seal(record, seals.method.algorithm, key: key, nonce: nonce)
    }
    var block = header
    block.withByteRegion { block in
        seals.aes.encrypt(block, key: seals.userKey.withBytes { Subkey($0) }, keyCount: count)
    }
    return block + record
}

/// Opens a copy of `wire` from both sides, and looks at what comes of it.
func open(_ wire: [UInt8], _ seals: Seals) -> (request: Bool, response: Bool) {
    let opener = PacketOpener(aead: seals.aead, aes: seals.aes)
    let keys = RequestAcceptor.Keys(method: seals.method, serverKey: seals.userKey, users: nil)
    func look(_ body: (ByteRegion) throws(PacketRefusal) -> PacketOpener.Opened) -> Bool {
        var copy = wire
        return copy.withByteRegion { datagram in
            do throws(PacketRefusal) {
                let opened = try body(datagram)
                precondition(opened.payload.upperBound == datagram.count - tagCount)
                precondition(opened.payload.lowerBound <= opened.payload.upperBound)
                return true
            } catch {
                return false
            }
        }
    }
    let isRequest = look { datagram throws(PacketRefusal) in
        let pending = try opener.begin(request: datagram, keys)
        return try opener.open(request: datagram, pending, clock: Seals.clock)
    }
    let isResponse = look { datagram throws(PacketRefusal) in
        let pending = try opener.begin(response: datagram, seals.method, key: seals.userKey)
        return try opener.open(response: datagram, pending, to: 7, clock: Seals.clock)
    }
    return (isRequest, isResponse)
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let input = FuzzInput(data, count), input.bytes.count <= 2048 else { return 0 }
    guard let seals = Seals(method: input.steering >> 2) else { return 0 }
    if input.steering & 1 != 0 {
        // What a stranger sends is never opened: nobody invents a tag.
        let seen = open(input.bytes, seals)
        precondition(!seen.request && !seen.response)
        guard seals.method.hasIdentityHeaders else { return 0 }
        let table = IdentityTable(keys: [seals.userKey])
        let users = input.steering & 2 != 0 ? table : nil
        let keys = RelayAcceptor.Keys(method: seals.method, key: seals.serverKey, users: users, next: table)
        var copy = input.bytes
        copy.withByteRegion { datagram in
            _ = try? PacketOpener(aead: seals.aead, aes: seals.aes).forward(datagram, keys)
        }
        return 0
    }
    // A good head in front of what the fuzzer invents, or nothing but that.
    let type: UInt8 = input.steering & 2 == 0 ? 0 : 1
    let head = [type] + Seals.clock.bigEndianBytes + (type == 0 ? [] : UInt64(7).bigEndianBytes)
    let seen = open(datagram(head + input.bytes, seals), seals)
    precondition(!(seen.request && seen.response))
    return 0
}

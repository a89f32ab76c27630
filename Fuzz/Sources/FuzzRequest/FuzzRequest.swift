import CausewayBytes
import CausewayCrypto
import CausewayWire
import FuzzSupport

/// Remembers nothing: that is another test's subject, and runs must not depend on each other.
final class NoMemory: SaltMemory {
    private(set) var count = 0

    func insert(_: Salt, timestamp _: UnixSeconds, now _: Instant, clock _: UnixSeconds) -> Bool {
        self.count += 1
        return true
    }
}

/// What came of a connection's first bytes.
enum Verdict: Equatable {
    case waiting
    case refused(RequestAcceptor.Refusal)
    case accepted(target: Address, user: Int, payload: [UInt8], count: Int)
}

/// Gives `wire` to an acceptor in the pieces that `cuts` make, as a session does: always all that has come so far.
func judge(_ wire: [UInt8], cuts: [Int], keys: RequestAcceptor.Keys, seals: Seals) -> Verdict {
    var acceptor = RequestAcceptor(keys)
    var buffer = wire
    let salts = NoMemory()
    return buffer.withByteRegion { region in
        for end in cuts + [wire.count] {
            let outcome: RequestAcceptor.Outcome
            do throws(RequestAcceptor.Refusal) {
                outcome = try acceptor.receive(
                    region.region(0..<end),
                    now: Instant(nanoseconds: 0),
                    clock: Seals.clock,
                    salts: salts,
                    with: seals.aead,
                    seals.aes
                )
            } catch {
                return .refused(error)
            }
            switch outcome {
            case .needMore(let count): precondition(count > end, "asks for \(count) bytes and has \(end)")
            case .accepted(let accepted):
                precondition(salts.count == 1, "a salt was spent \(salts.count) times")
                precondition(accepted.count <= end && accepted.payload.upperBound <= accepted.count)
                let payload = region.region(accepted.payload).array()
                return .accepted(
                    target: accepted.target,
                    user: accepted.user,
                    payload: payload,
                    count: accepted.count
                )
            }
        }
        return .waiting
    }
}

/// A stream whose variable header is the fuzzer's, under good tags; with `isWild` the fixed header is the fuzzer's too.
func sealedStream(_ bytes: [UInt8], isWild: Bool, hasUsers: Bool, seals: Seals) -> [UInt8] {
    let key = seals.subkey(of: hasUsers ? seals.userKey : seals.serverKey)
    var wire = seals.salt + (hasUsers ? seals.identityHeader() : [])
    if isWild, bytes.count >= 11 {
        wire += seals.record(bytes[..<11], key: key, counter: 0)
        wire += seals.record(bytes[11...], key: key, counter: 1)
    } else {
        let fixed = [0] + Seals.clock.bigEndianBytes + UInt16(bytes.count).bigEndianBytes
        wire += seals.record(fixed, key: key, counter: 0)
        wire += seals.record(bytes, key: key, counter: 1)
    }
    return wire
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let input = FuzzInput(data, count), input.bytes.count <= 2048 else { return 0 }
    guard let seals = Seals(method: input.steering >> 3) else { return 0 }
    let hasUsers = input.steering & 4 != 0 && seals.method.hasIdentityHeaders
    let keys = RequestAcceptor.Keys(
        method: seals.method,
        serverKey: seals.serverKey,
        users: hasUsers ? IdentityTable(keys: [seals.userKey]) : nil
    )
    let isRaw = input.steering & 3 == 3
    let wire =
        isRaw
        ? input.bytes
        : sealedStream(input.bytes, isWild: input.steering & 3 == 2, hasUsers: hasUsers, seals: seals)
    let whole = judge(wire, cuts: [], keys: keys, seals: seals)
    precondition(whole == judge(wire, cuts: input.cuts, keys: keys, seals: seals), "cuts change the verdict")
    if case .accepted(let target, _, let payload, let count) = whole {
        precondition(!isRaw, "bytes without a tag were accepted")
        precondition(payload.count + target.encodedCount + 2 <= count)
    }
    return 0
}

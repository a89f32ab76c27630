import CausewayBytes
import CausewayCrypto
import CausewayWire
import FuzzSupport

/// Remembers nothing, for runs must not depend on each other.
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
    case refused(RelayAcceptor.Refusal)
    case accepted(RelayAcceptor.Accepted)
}

/// Gives `wire` to an acceptor in the pieces that `cuts` make, each time in fresh memory, as a session keeps its bytes
/// elsewhere between two reads.
func judge(_ wire: [UInt8], cuts: [Int], keys: RelayAcceptor.Keys, seals: Seals) -> Verdict {
    var acceptor = RelayAcceptor(keys)
    let salts = NoMemory()
    for end in cuts + [wire.count] {
        var buffer = Array(wire[..<end])
        let verdict: Verdict? = buffer.withByteRegion { region in
            do throws(RelayAcceptor.Refusal) {
                switch try acceptor.receive(
                    region,
                    now: Instant(nanoseconds: 0),
                    clock: Seals.clock,
                    salts: salts,
                    with: seals.aes
                ) {
                case .needMore:
                    precondition(end < RelayAcceptor.neededCount(keys), "waits with all that it needs")
                    return nil
                case .accepted(let accepted):
                    precondition(salts.count == 1, "a salt was spent \(salts.count) times")
                    precondition(accepted.consumed <= end && accepted.saltCount < accepted.consumed)
                    return .accepted(accepted)
                }
            } catch {
                precondition(salts.count == 0, "a stranger takes room in the memory")
                return .refused(error)
            }
        }
        if let verdict { return verdict }
    }
    return .waiting
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let input = FuzzInput(data, count), input.bytes.count <= 512 else { return 0 }
    guard let seals = Seals(method: input.steering >> 2 & 1), seals.method.hasIdentityHeaders else { return 0 }
    let hasUsers = input.steering & 1 != 0
    let keys = RelayAcceptor.Keys(
        method: seals.method,
        key: seals.serverKey,
        users: hasUsers ? IdentityTable(keys: [seals.userKey]) : nil,
        next: IdentityTable(keys: [seals.userKey])
    )
    // A good first header in front of what the fuzzer invents, or nothing but that.
    let isRaw = input.steering & 2 != 0
    let wire = isRaw ? input.bytes : seals.salt + seals.identityHeader() + input.bytes
    let whole = judge(wire, cuts: [], keys: keys, seals: seals)
    precondition(whole == judge(wire, cuts: input.cuts, keys: keys, seals: seals), "cuts change the verdict")
    if case .accepted = whole { precondition(!isRaw || input.bytes.count >= 32) }
    return 0
}

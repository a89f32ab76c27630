import CausewayBytes
import CausewayCrypto
import CausewayWire
import FuzzSupport

/// What came of a response's first bytes.
enum Verdict: Equatable {
    case waiting
    case refused(ResponseHeader.HeaderError)
    case opened
}

/// Gives `wire` in the pieces that `cuts` make, as a session does: always all that has come so far.
func judge(_ wire: [UInt8], cuts: [Int], request: ResponseHeader.Request, seals: Seals) -> Verdict {
    var buffer = wire
    return buffer.withByteRegion { region in
        for end in cuts + [wire.count] {
            do throws(ResponseHeader.HeaderError) {
                let stream = try ResponseHeader.open(
                    region.region(0..<end),
                    to: request,
                    now: Seals.clock,
                    with: seals.aead
                )
                guard let stream else { continue }
                precondition(!stream.isAtBoundary, "a response ends without the payload that its header tells of")
                return .opened
            } catch {
                return .refused(error)
            }
        }
        return .waiting
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let input = FuzzInput(data, count), input.bytes.count <= 512 else { return 0 }
    guard let seals = Seals(method: input.steering >> 2) else { return 0 }
    var salt = [UInt8](repeating: 4, count: seals.method.keyCount)
    let request = salt.withByteRegion {
        ResponseHeader.Request(method: seals.method, key: seals.userKey, salt: Salt($0))
    }
    let fixedCount = 11 + salt.count
    var wire = input.bytes
    let isRaw = input.steering & 1 != 0
    if !isRaw {
        // The fuzzer's bytes change a good header; all zeros leave it as it is.
        var fixed = [1] + Seals.clock.bigEndianBytes + salt + UInt16(1).bigEndianBytes
        for (index, byte) in input.bytes.prefix(fixedCount).enumerated() { fixed[index] ^= byte }
        wire = seals.salt + seals.record(fixed, key: seals.subkey(of: seals.userKey), counter: 0)
        wire += input.bytes.dropFirst(fixedCount)
    }
    let whole = judge(wire, cuts: [], request: request, seals: seals)
    precondition(whole == judge(wire, cuts: input.cuts, request: request, seals: seals), "cuts change the verdict")
    precondition(!isRaw || whole != .opened, "bytes without a tag were believed")
    let isChanged = input.bytes[..<min(input.bytes.count, fixedCount)].contains { $0 != 0 }
    precondition(isRaw || isChanged || whole == .opened, "a good header was refused")
    return 0
}

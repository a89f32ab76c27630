import CausewayBytes
import CausewayCrypto
import CausewayWire
import FuzzSupport

/// What came of a stream: its payload, and how it ended.
struct Outcome: Equatable {
    var payload: [UInt8] = []
    var rest = 0
    var isAtBoundary = false
    var failure: StreamOpener.StreamError?
}

/// Opens `wire` in the pieces that `cuts` make: what is not used is given again with what follows.
func open(_ wire: [UInt8], cuts: [Int], key: Subkey, seals: Seals) -> Outcome {
    var opener = StreamOpener(key: key, algorithm: seals.method.algorithm, counter: 0)
    var outcome = Outcome()
    var rest: [UInt8] = []
    var start = 0
    for end in cuts + [wire.count] {
        rest += wire[start..<end]
        start = end
        let list = RegionList(capacity: StreamOpener.maximumRegions(for: rest.count))
        let used = rest.withByteRegion { input in
            var used: Int?
            do throws(StreamOpener.StreamError) {
                used = try opener.open(input, into: list, with: seals.aead)
            } catch {
                outcome.failure = error
            }
            // Payloads that were good before the failure count, whatever the pieces.
            for index in 0..<list.count {
                precondition((1...StreamSealer.maximumPayloadCount).contains(list[index].count))
                outcome.payload += list[index].array()
            }
            return used
        }
        guard let used else { return outcome }
        rest.removeFirst(used)
    }
    outcome.rest = rest.count
    outcome.isAtBoundary = opener.isAtBoundary
    return outcome
}

/// A stream out of the fuzzer's bytes: each chunk begins with two bytes that say how it is, and good tags stand where
/// they do not say otherwise.
func sealedStream(_ bytes: [UInt8], key: Subkey, seals: Seals) -> (wire: [UInt8], payload: [UInt8], isGood: Bool) {
    var (wire, payload): ([UInt8], [UInt8]) = ([], [])
    var counter: UInt64 = 0
    var rest = bytes[...]
    while rest.count >= 2, wire.count < 140_000 {
        let (kind, size) = (rest[rest.startIndex], Int(rest[rest.startIndex + 1]))
        rest = rest.dropFirst(2)
        // The sizes around the limits of merging and of a chunk need no bytes of their own.
        let body: [UInt8] =
            switch kind & 7 {
            case 0, 1, 2: Array(rest.prefix(size))
            case 3: Array(repeating: kind, count: 1024 - 2 + size % 5)
            case 4: Array(repeating: kind, count: 65535 - size % 3)
            case 5: Array(repeating: kind, count: 64511 - 1 + size % 3)
            default: [kind]
            }
        if kind & 7 <= 2 { rest = rest.dropFirst(size) }
        let length = kind == 0xF8 ? UInt16(size) : UInt16(body.count)
        wire += seals.record(length.bigEndianBytes, key: key, counter: counter)
        wire += seals.record(body, key: key, counter: counter + 1)
        counter += 2
        if kind == 0xFF { wire[wire.count - 1] ^= 1 }
        // A stream that says it is wrong is judged by its cuts alone.
        if kind == 0xFF || length != body.count || body.isEmpty { return (wire, payload, false) }
        payload += body
    }
    return (wire, payload, true)
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let input = FuzzInput(data, count), input.bytes.count <= 1024 else { return 0 }
    guard let seals = Seals(method: input.steering >> 1) else { return 0 }
    let key = seals.subkey(of: seals.userKey)
    let isRaw = input.steering & 1 != 0
    let (wire, payload, isGood) =
        isRaw ? (input.bytes, [], false) : sealedStream(input.bytes, key: key, seals: seals)
    let whole = open(wire, cuts: [], key: key, seals: seals)
    // Small steps over a big stream would take long and show nothing new: the steps grow with it.
    let scale = max(1, wire.count / 50)
    let cuts = input.cuts.map { $0 * scale }.filter { $0 < wire.count }
    precondition(whole == open(wire, cuts: cuts, key: key, seals: seals), "cuts change the outcome")
    if isGood {
        precondition(whole.failure == nil && whole.payload == payload && whole.rest == 0 && whole.isAtBoundary)
    } else if isRaw {
        precondition(whole.payload.isEmpty && (whole.failure != nil) == (wire.count >= 2 + tagCount))
    } else {
        precondition(whole.payload.starts(with: payload))
    }
    return 0
}

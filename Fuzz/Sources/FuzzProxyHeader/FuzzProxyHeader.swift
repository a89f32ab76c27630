import CausewayBytes
import CausewayFronts
import FuzzSupport

/// What came of a connection's first bytes.
enum Verdict: Equatable {
    case waiting
    case refused(ProxyHeader.Malformed)
    case header(ProxyHeader, count: Int)
}

/// Gives `bytes` to the parser as they come in: always all that has come so far.
func judge(_ bytes: [UInt8], cuts: [Int]) -> Verdict {
    var buffer = bytes
    return buffer.withByteRegion { region in
        for end in cuts + [bytes.count] {
            do throws(ProxyHeader.Malformed) {
                switch try ProxyHeader.parse(region.region(0..<end)) {
                case .needMore: precondition(end < ProxyHeader.maximumCount, "waits without end")
                case .header(let header, let count):
                    precondition(count <= end, "takes \(count) bytes of \(end)")
                    return .header(header, count: count)
                }
            } catch {
                return .refused(error)
            }
        }
        return .waiting
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let input = FuzzInput(data, count), input.bytes.count <= 1024 else { return 0 }
    let whole = judge(input.bytes, cuts: [])
    precondition(whole == judge(input.bytes, cuts: input.cuts), "cuts change the verdict")
    guard case .header(let header, _) = whole, let source = header.source, let destination = header.destination else {
        return 0
    }
    let written = ProxyHeader.version2(source: source, destination: destination)
    let cuts = input.cuts.filter { $0 < written.count }
    guard case .header(let again, count: written.count) = judge(written, cuts: cuts) else {
        preconditionFailure("\(header) is not read back")
    }
    precondition(again.source == source && again.destination == destination, "\(header) is read back as \(again)")
    return 0
}

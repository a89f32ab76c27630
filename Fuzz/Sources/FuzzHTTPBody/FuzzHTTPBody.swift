import CausewayBytes
import CausewayFronts
import FuzzSupport

/// What the parser makes of `input` in segments.
func read(_ input: FuzzInput, cuts: [Int]) -> ReferenceBody.Outcome {
    var (body, start, total) = (HTTPRequestBody.chunked, 0, 0)
    for cut in cuts + [input.bytes.count] {
        var segment = Array(input.bytes[start..<cut])
        start = cut
        do throws(HTTPRequestBody.Malformed) {
            let count = try segment.withByteRegion { region throws(HTTPRequestBody.Malformed) in
                try body.accept(region)
            }
            precondition(count == segment.count || body.isComplete, "left bytes of a body that goes on")
            total += count
        } catch {
            return .malformed
        }
    }
    return body.isComplete ? .complete(total) : .incomplete
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let input = FuzzInput(data, count) else { return 0 }
    let expected = ReferenceBody.read(input.bytes)
    precondition(read(input, cuts: []) == expected, "the whole body is read otherwise")
    precondition(read(input, cuts: input.cuts) == expected, "the cuts change the outcome")
    return 0
}

import CausewayBytes
import CausewayFronts

/// How far the body of a plain HTTP request has come. A class, as only few flows have one.
final class RequestBodyBox {
    private var body: HTTPRequestBody

    init(_ body: HTTPRequestBody) {
        self.body = body
    }

    /// Cuts `regions` (one run of input, possibly with gaps) to what belongs to the body. `false` when its coding is
    /// broken.
    func limit(_ regions: RegionList) -> Bool {
        var count = 0
        for index in 0..<regions.count {
            let region = regions[index]
            guard let accepted = self.accept(region) else { return false }
            count += accepted
            if accepted < region.count { break }
        }
        regions.truncate(to: count)
        return true
    }

    /// How many leading bytes of `region` belong to the body; `nil` when its coding is broken.
    func accept(_ region: ByteRegion) -> Int? {
        do throws(HTTPRequestBody.Malformed) {
            return try self.body.accept(region)
        } catch {
            return nil
        }
    }
}

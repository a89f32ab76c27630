import CausewayBytes
import CausewayWire
import TestSupport
import Testing

@testable import CausewayNode

@Suite struct ScratchTests {
    /// The most that a session brings along from its handshake when relaying begins: a header one byte short of whole,
    /// and one read of the handshake.
    private static let longestHandshake = 32 + 16 + 27 + 65_535 + 16 + 72 * 1024

    @Test(arguments: [1, 2, 16_383, 16_384, 16_385, 65_535, Scratch.readLimit, longestHandshake])
    func `chunks have room around them for what sealing adds`(count: Int) {
        let scratch = Scratch()
        let regions = RegionList(capacity: 64)
        scratch.layOutChunks(count, in: regions)
        #expect(regions.byteCount == count)
        var free = 0
        for index in 0..<regions.count {
            let range = scratch.range(of: regions[index])
            let before = index == 0 ? RequestHeader.headroom : StreamSealer.headroom
            #expect(range.count >= 1 && range.count <= StreamSealer.maximumPayloadCount)
            #expect(range.lowerBound - free >= before)
            free = range.upperBound + StreamSealer.tailroom
        }
        #expect(free <= scratch.region.count)
    }

    @Test func `the longest start of a record and the longest read fit behind the headroom`() {
        let scratch = Scratch()
        #expect(scratch.body.count >= Scratch.partialCount + Scratch.readLimit)
        #expect(scratch.body.count >= Self.longestHandshake + Scratch.readLimit / 2)
        // A payload that moves up for a request header still has room for the largest of those.
        #expect(Scratch.headroom - Scratch.gap >= RequestHeader.headroom)
    }

    @Test func `a loop has regions for the smallest records that a whole read can bring`() throws {
        let worker = try FlowTests.worker()
        let most = Scratch.partialCount + Scratch.readLimit
        #expect(worker.regions.capacity >= StreamOpener.maximumRegions(for: most))
        // What one readv or writev takes.
        #expect(worker.regions.capacity <= 1024 && worker.sealed.capacity <= 1024)
    }
}

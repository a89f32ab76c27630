import CausewayBytes
import CausewayIO

/// What a session has sent to its exit before any answer: kept so that it can be sent to another one.
///
/// A class, as only few flows have one, and those only at their beginning.
final class SentBytes {
    /// More than this is not kept: then the session stays with its exit.
    private static let limit = 64 * 1024

    var block = Block()
    /// More was sent than is kept.
    private(set) var isLost = false

    /// Adds what `regions` hold; `false` when it is too much, and then nothing is kept any more.
    func keep(_ regions: RegionList, in pool: BlockPool) -> Bool {
        let count = regions.byteCount
        let kept = self.block.count
        guard kept + count <= Self.limit else {
            self.isLost = true
            pool.release(&self.block)
            return false
        }
        var grown = pool.block(kept + count)
        grown.region.copy(self.block.region)
        regions.copy(from: 0, to: grown.region.suffix(from: kept))
        pool.release(&self.block)
        swap(&self.block, &grown)
        return true
    }
}

/// Finds the word that was probably meant.
enum Suggestion {
    /// Bytes of a word that are compared: the cost is the product of two lengths.
    static let maximumCount = 64

    /// The candidate that is the fewest slips of the pen away from `word`, the first of several; `nil` when even that
    /// one is another word rather than a slip.
    static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let distances = candidates.map { (word: $0, distance: self.distance(word.lowercased(), $0.lowercased())) }
        guard let nearest = distances.min(by: { $0.distance < $1.distance }) else { return nil }
        let longer = max(word.utf8.count, nearest.word.utf8.count)
        if nearest.distance <= max(1, longer / 3), nearest.distance < longer { return nearest.word }
        // A name that was written short, such as a method without what all methods begin with.
        guard word.utf8.count >= 4 else { return nil }
        return candidates.first { $0.lowercased().contains(word.lowercased()) }
    }

    /// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment).
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8.prefix(self.maximumCount))
        let right = Array(right.utf8.prefix(self.maximumCount))
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 1...left.count {
            var current = [row]
            for column in 1...right.count {
                let same = left[row - 1] == right[column - 1]
                var best = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (same ? 0 : 1))
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    best = min(best, beforeLast[column - 2] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}

public import CausewayBytes

/// Remembered salts as words, to be handed to a process that goes on in the place of this one, on the same machine: times
/// are of its monotonic clock.
///
///     newest forgotten timestamp, when it was forgotten (both zero for none)
///     number of generations, then for each: newest timestamp, when it was closed, number of salts, four words a salt
extension SaltGenerations {
    /// Why words are no snapshot.
    public struct Malformed: Error, Equatable {
        public init() {}
    }

    /// Everything that is remembered. What is still being filled counts as closed now.
    public func snapshot(now: Instant) -> [UInt64] {
        var words = [self.forgotten?.timestamp ?? 0, self.forgotten?.at.nanoseconds ?? 0]
        let present = Generation(salts: self.current, newestTimestamp: self.newestTimestamp, closed: now)
        let generations = (self.older + [present]).filter { $0.salts.count > 0 }
        words.append(UInt64(generations.count))
        for generation in generations {
            words += [generation.newestTimestamp, generation.closed.nanoseconds, UInt64(generation.salts.count)]
            words.reserveCapacity(words.count + 4 * generation.salts.count)
            generation.salts.forEach { salt in
                for index in 0..<4 { words.append(salt.words[index]) }
            }
        }
        return words
    }

    /// Remembers what a snapshot holds, beside what is remembered already.
    ///
    /// - Returns: the words behind the snapshot.
    /// - Throws: ``Malformed`` where the words are none; then what was read of them is remembered.
    public mutating func restore(_ words: ArraySlice<UInt64>) throws(Malformed) -> ArraySlice<UInt64> {
        var reader = Reader(words: words)
        let (timestamp, at) = (try reader.next(), Instant(nanoseconds: try reader.next()))
        if timestamp > self.forgotten?.timestamp ?? 0 { self.forgotten = (timestamp, at) }
        for _ in 0..<(try reader.next()) {
            let (newest, closed) = (try reader.next(), Instant(nanoseconds: try reader.next()))
            let count = try reader.next()
            guard count <= UInt64(reader.words.count / 4) else { throw Malformed() }
            var salts = SaltSet(seed: self.seed)
            for _ in 0..<count {
                var salt = Salt()
                for index in 0..<4 { salt.words[index] = try reader.next() }
                _ = salts.insert(salt)
            }
            self.older.append(Generation(salts: salts, newestTimestamp: newest, closed: closed))
        }
        return reader.words
    }

    private struct Reader {
        var words: ArraySlice<UInt64>

        mutating func next() throws(Malformed) -> UInt64 {
            guard let word = self.words.popFirst() else { throw Malformed() }
            return word
        }
    }
}

import CausewayBytes

/// Finds the end of a request head in input that grows, looking at each byte once however slowly it comes.
///
/// A line ends in CR LF and in nothing else: two readers that disagree about a lone LF disagree about where a request
/// ends.
struct HTTPHeadScanner: Sendable {
    /// The longest head that is read, with its blank line: what the largest servers accept, and more than any browser
    /// sends.
    static let maximumCount = 65536

    enum Result: Equatable, Sendable {
        case incomplete
        /// The head is this many bytes long.
        case found(Int)
        case malformed
        case tooLong
    }

    private var scanned = 0
    private var lineStart = 0

    /// Whether some of a head has been seen.
    var hasBegun: Bool { self.scanned > 0 }

    /// Scans on; `input` begins where it began in every call for this head.
    mutating func scan(_ input: ByteRegion) -> Result {
        let end = min(input.count, Self.maximumCount)
        while self.scanned < end {
            let offset = self.scanned
            self.scanned += 1
            guard input[offset] == ASCII.lineFeed else { continue }
            guard offset > self.lineStart, input[offset - 1] == ASCII.carriageReturn else { return .malformed }
            if offset == self.lineStart + 1 { return .found(self.scanned) }
            self.lineStart = self.scanned
        }
        return end == Self.maximumCount ? .tooLong : .incomplete
    }
}

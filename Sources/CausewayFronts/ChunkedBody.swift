import CausewayBytes

/// Follows the chunks of a body to their end (RFC 9112 section 7.1), and takes none of the liberties that recipients
/// are known to take differently: lines end in CR LF, nothing stands between a size and its line end or extension, and
/// trailers are fields on one line each.
///
///     size  [; extension]  CR LF      size > 0
///     data[size]           CR LF
///       ⋮
///     0     [; extension]  CR LF
///     name: value          CR LF      trailers
///       ⋮
///     CR LF
struct ChunkedBody: Equatable, Sendable {
    /// The most bytes of a chunk's extension. Nobody sends any; they are passed on for the sake of the standard.
    static let maximumExtensionCount = 1024
    /// The most bytes of all trailers, with their line ends.
    static let maximumTrailerCount = 8192
    /// The most digits of a size, leading zeros included.
    static let maximumSizeDigits = 15

    private enum State: Equatable, Sendable {
        case size(digits: Int)
        case sizeExtension(count: Int)
        case sizeFeed
        case data
        case dataReturn
        case dataFeed
        case trailerStart
        case trailerName
        case trailerValue
        case trailerFeed
        case endFeed
        case complete
        case malformed
    }

    private var state = State.size(digits: 0)
    /// Bytes of data to come in this chunk; while its size is read, what has been read of it.
    private var remaining: UInt64 = 0
    private var trailerCount = 0

    var isComplete: Bool { self.state == .complete }

    /// How many leading bytes of `input` belong to the body.
    mutating func accept(_ input: ByteRegion) throws(HTTPRequestBody.Malformed) -> Int {
        if self.state == .malformed { throw .chunk }
        var offset = 0
        while offset < input.count, self.state != .complete {
            if self.state == .data {
                let count = Int(min(self.remaining, UInt64(input.count - offset)))
                offset += count
                self.remaining -= UInt64(count)
                if self.remaining == 0 { self.state = .dataReturn }
                continue
            }
            self.state = self.next(input[offset])
            if self.state == .malformed { throw .chunk }
            offset += 1
        }
        return offset
    }

    /// The state after `byte`, which is not data.
    private mutating func next(_ byte: UInt8) -> State {
        switch self.state {
        case .size(let digits): return self.size(byte, digits: digits)
        case .sizeExtension(let count):
            if byte == ASCII.carriageReturn { return .sizeFeed }
            guard count < Self.maximumExtensionCount, ASCII.isFieldValue(byte) else { return .malformed }
            return .sizeExtension(count: count + 1)
        case .sizeFeed:
            guard byte == ASCII.lineFeed else { return .malformed }
            return self.remaining > 0 ? .data : .trailerStart
        case .dataReturn: return byte == ASCII.carriageReturn ? .dataFeed : .malformed
        case .dataFeed: return byte == ASCII.lineFeed ? .size(digits: 0) : .malformed
        case .trailerStart, .trailerName, .trailerValue, .trailerFeed: return self.trailer(byte)
        case .endFeed: return byte == ASCII.lineFeed ? .complete : .malformed
        case .data, .complete, .malformed: preconditionFailure("no byte is read one by one in \(self.state)")
        }
    }

    private mutating func size(_ byte: UInt8, digits: Int) -> State {
        if let value = ASCII.hexValue(byte) {
            guard digits < Self.maximumSizeDigits else { return .malformed }
            self.remaining = self.remaining << 4 | UInt64(value)
            return .size(digits: digits + 1)
        }
        guard digits > 0 else { return .malformed }
        switch byte {
        case ASCII.carriageReturn: return .sizeFeed
        case UInt8(ascii: ";"): return .sizeExtension(count: 0)
        default: return .malformed
        }
    }

    private mutating func trailer(_ byte: UInt8) -> State {
        if self.state == .trailerStart, byte == ASCII.carriageReturn { return .endFeed }
        self.trailerCount += 1
        guard self.trailerCount <= Self.maximumTrailerCount else { return .malformed }
        switch self.state {
        case .trailerStart:
            return ASCII.isToken(byte) ? .trailerName : .malformed
        case .trailerName:
            if byte == ASCII.colon { return .trailerValue }
            return ASCII.isToken(byte) ? .trailerName : .malformed
        case .trailerValue:
            if byte == ASCII.carriageReturn { return .trailerFeed }
            return ASCII.isFieldValue(byte) ? .trailerValue : .malformed
        case .trailerFeed:
            return byte == ASCII.lineFeed ? .trailerStart : .malformed
        case .size, .sizeExtension, .sizeFeed, .data, .dataReturn, .dataFeed, .endFeed, .complete, .malformed:
            preconditionFailure("no trailer is read in \(self.state)")
        }
    }
}

public import CausewayBytes

/// How much of what follows a request head belongs to the request: nothing, a number of bytes, or chunks and trailers.
///
/// The body itself is passed on as it came. What follows it must never reach the same origin, where it would be taken
/// for a request of its own.
public struct HTTPRequestBody: Equatable, Sendable {
    /// The body breaks the rules of its coding; what came before cannot be completed.
    public enum Malformed: Error, Equatable, Sendable {
        /// Neither a chunk nor a trailer, or one beyond the limits.
        case chunk
    }

    private enum Framing: Equatable, Sendable {
        case length(remaining: UInt64)
        case chunked(ChunkedBody)
    }

    private var framing: Framing

    private init(_ framing: Framing) {
        self.framing = framing
    }

    /// No body.
    public static let none = HTTPRequestBody(contentLength: 0)

    /// A body in chunks of which none has been seen (RFC 9112 section 7.1).
    public static let chunked = HTTPRequestBody(.chunked(ChunkedBody()))

    /// A body of `contentLength` bytes.
    public init(contentLength: UInt64) {
        self.framing = .length(remaining: contentLength)
    }

    /// Whether nothing more belongs to the body.
    public var isComplete: Bool {
        switch self.framing {
        case .length(let remaining): remaining == 0
        case .chunked(let body): body.isComplete
        }
    }

    /// Reads on in the body.
    ///
    /// - Parameter input: What follows the bytes already accepted.
    /// - Returns: How many leading bytes of `input` belong to the body, to be sent to the origin. All of them unless
    ///   the body is complete with fewer.
    /// - Throws: `Malformed`, now and from then on; `input` must not be sent.
    public mutating func accept(_ input: ByteRegion) throws(Malformed) -> Int {
        switch self.framing {
        case .length(let remaining):
            let count = Int(min(UInt64(input.count), remaining))
            self.framing = .length(remaining: remaining - UInt64(count))
            return count
        case .chunked(var body):
            defer { self.framing = .chunked(body) }
            return try body.accept(input)
        }
    }
}

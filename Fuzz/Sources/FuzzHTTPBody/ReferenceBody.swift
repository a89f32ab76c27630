/// The same rules as the parser's, written once more for a reader that has the whole input: what disagrees is a bug in
/// one of the two.
struct ReferenceBody {
    enum Outcome: Equatable {
        case complete(Int)
        case incomplete
        case malformed
    }

    private struct Ended: Error {
        let outcome: Outcome
    }

    private let bytes: [UInt8]
    private var offset = 0

    static func read(_ bytes: [UInt8]) -> Outcome {
        var body = ReferenceBody(bytes: bytes)
        do throws(Ended) {
            while try body.chunk() {}
            var trailers = 0
            while try body.trailer(&trailers) {}
            return .complete(body.offset)
        } catch {
            return error.outcome
        }
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func byte() throws(Ended) -> UInt8 {
        guard self.offset < self.bytes.count else { throw Ended(outcome: .incomplete) }
        defer { self.offset += 1 }
        return self.bytes[self.offset]
    }

    private mutating func expect(_ expected: Character) throws(Ended) {
        guard try self.byte() == expected.asciiValue else { throw Ended(outcome: .malformed) }
    }

    private mutating func chunk() throws(Ended) -> Bool {
        var (size, digits, extensions) = (0, 0, 0)
        var next = try self.byte()
        while let value = Character(UnicodeScalar(next)).hexDigitValue {
            digits += 1
            guard digits <= 15 else { throw Ended(outcome: .malformed) }
            size = size * 16 + value
            next = try self.byte()
        }
        guard digits > 0 else { throw Ended(outcome: .malformed) }
        if next == UInt8(ascii: ";") {
            next = try self.byte()
            while next != 0x0d {
                extensions += 1
                guard extensions <= 1024, next == 9 || (next >= 32 && next != 127) else {
                    throw Ended(outcome: .malformed)
                }
                next = try self.byte()
            }
        }
        guard next == 0x0d else { throw Ended(outcome: .malformed) }
        try self.expect("\n")
        if size == 0 { return false }
        guard self.bytes.count - self.offset > size else { throw Ended(outcome: .incomplete) }
        self.offset += size
        try self.expect("\r")
        try self.expect("\n")
        return true
    }

    private mutating func trailer(_ total: inout Int) throws(Ended) -> Bool {
        let token = Array("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        let start = self.offset
        func limit(_ end: Int) throws(Ended) {
            guard total + end - start <= 8192 else { throw Ended(outcome: .malformed) }
        }
        var next = try self.byte()
        if next == 0x0d {
            try self.expect("\n")
            return false
        }
        try limit(self.offset)
        guard token.contains(next) else { throw Ended(outcome: .malformed) }
        while next != UInt8(ascii: ":") {
            guard token.contains(next) else { throw Ended(outcome: .malformed) }
            next = try self.byte()
            try limit(self.offset)
        }
        repeat {
            next = try self.byte()
            try limit(self.offset)
            guard next == 9 || next == 0x0d || (next >= 32 && next != 127) else { throw Ended(outcome: .malformed) }
        } while next != 0x0d
        try self.expect("\n")
        try limit(self.offset)
        total += self.offset - start
        return true
    }
}

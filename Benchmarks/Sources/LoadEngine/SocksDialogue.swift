/// The client's half of a SOCKS5 handshake without authentication (RFC 1928), byte by byte and without I/O. It says how
/// many bytes it wants, so that nothing is read that already belongs to the payload.
public struct SocksDialogue: Sendable {
    /// What to do next.
    public enum Action: Equatable, Sendable {
        /// Read on; ``SocksDialogue/bytesWanted`` says how much.
        case wait
        /// Send the request, then read on.
        case sendRequest
        /// The way to the target is open; everything from here is payload.
        case open
        /// The proxy said no, with this code (RFC 1928, section 6).
        case refused(UInt8)
        /// This is no SOCKS5.
        case malformed
    }

    private enum Step {
        case methodVersion, method
        case replyVersion, replyCode, reserved, addressType, nameLength
        case rest(Int)
        case ended
    }

    /// What a client sends first: version 5, one method, "no authentication".
    public static let greeting: [UInt8] = [5, 1, 0]

    /// The request for a UDP association, from an address that the client does not say.
    public static let associateRequest: [UInt8] = [5, 3, 0, 1, 0, 0, 0, 0, 0, 0]

    private var step = Step.methodVersion
    private var replyType: UInt8 = 0
    /// The last bytes of the reply: of an IPv4 address, all of it.
    private var replyTail: UInt64 = 0

    public init() {}

    /// The request to connect to an IPv4 target.
    public static func request(to target: Endpoint) -> [UInt8] {
        let host = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: target.host >> $0) }
        return [5, 1, 0, 1] + host + [UInt8(target.port >> 8), UInt8(truncatingIfNeeded: target.port)]
    }

    /// Where the proxy takes the datagrams of the association that it has opened; `nil` before, and where that is no IPv4
    /// address. Of a proxy that names no address it is the one it was reached at.
    public func relay(of proxy: Endpoint) -> Endpoint? {
        guard case .ended = self.step, self.replyType == 1 else { return nil }
        let host = UInt32(truncatingIfNeeded: self.replyTail >> 16)
        return Endpoint(host: host == 0 ? proxy.host : host, port: UInt16(truncatingIfNeeded: self.replyTail))
    }

    /// How many bytes are certain to belong to the dialogue, from here.
    public var bytesWanted: Int {
        switch self.step {
        case .methodVersion: 2
        case .method: 1
        case .replyVersion: 5
        case .replyCode: 4
        case .reserved: 3
        case .addressType: 2
        case .nameLength: 1
        case .rest(let count): count
        case .ended: 0
        }
    }

    /// Takes the next byte of the proxy.
    public mutating func received(_ byte: UInt8) -> Action {
        switch self.step {
        case .methodVersion: return self.expect(5, byte, then: .method)
        case .method:
            guard byte == 0 else { return self.end(.refused(byte)) }
            self.step = .replyVersion
            return .sendRequest
        case .replyVersion: return self.expect(5, byte, then: .replyCode)
        case .replyCode:
            guard byte == 0 else { return self.end(.refused(byte)) }
            return self.go(to: .reserved)
        case .reserved: return self.go(to: .addressType)
        case .addressType:
            self.replyType = byte
            switch byte {
            case 1: return self.go(to: .rest(4 + 2))
            case 3: return self.go(to: .nameLength)
            case 4: return self.go(to: .rest(16 + 2))
            default: return self.end(.malformed)
            }
        case .nameLength: return self.go(to: .rest(Int(byte) + 2))
        case .rest(let count):
            self.replyTail = self.replyTail << 8 | UInt64(byte)
            return count == 1 ? self.end(.open) : self.go(to: .rest(count - 1))
        case .ended: return .malformed
        }
    }

    private mutating func expect(_ expected: UInt8, _ byte: UInt8, then step: Step) -> Action {
        byte == expected ? self.go(to: step) : self.end(.malformed)
    }

    private mutating func go(to step: Step) -> Action {
        self.step = step
        return .wait
    }

    private mutating func end(_ action: Action) -> Action {
        self.step = .ended
        return action
    }
}

public import CausewayBytes

/// What an application says before its session: SOCKS5, SOCKS4 and 4a, HTTP CONNECT or plain HTTP, all on one port and
/// told apart by the first byte.
///
/// A value without I/O. The driver hands in what has been received and carries out the `Step` it gets back; after a
/// request it opens the session and writes what `succeeded(bound:)` or `failed(_:)` give.
public struct MixedFront: Sendable {
    /// What the application wants.
    public enum Request: Equatable, Sendable {
        /// A session to the address; all that follows belongs to it.
        case connect(Address)
        /// One plain HTTP request.
        case http(HTTPForward)
        /// Datagrams of SOCKS5, for as long as the connection is there.
        case associate
    }

    /// A plain HTTP request to pass on to its origin.
    public struct HTTPForward: Equatable, Sendable {
        public var target: Address
        /// The rewritten request head to send to the origin, with its blank line.
        public var head: [UInt8]
        /// How much of what follows the head belongs to the request. Nothing beyond may reach the origin.
        public var body: HTTPRequestBody
    }

    /// What the driver has to do.
    public enum Step: Equatable, Sendable {
        /// Nothing until more input has come.
        case needMore
        /// Write this, then call `receive` again with what is left, which may be nothing.
        case send([UInt8])
        /// Look the credentials up and call `authenticated(_:)`.
        case authenticate(name: [UInt8], password: [UInt8])
        /// Open the session and write what `succeeded(bound:)` or `failed(_:)` give.
        case request(Request)
        /// Write this, shut down writing, drain, close.
        case refuse([UInt8])
        /// No protocol that we speak: close without a word.
        case close
    }

    /// The most input that is ever worth keeping, in bytes: with that much the front never asks for more.
    public static let maximumInputCount = HTTPHeadScanner.maximumCount

    private enum Machine: Sendable {
        case undetected
        case socks5(SOCKS5Front)
        case socks4(SOCKS4Front)
        case http(HTTPFront)
    }

    private var machine = Machine.undetected
    private let requiresAuthentication: Bool
    private let servesDatagrams: Bool

    /// - Parameter servesDatagrams: SOCKS5 applications may ask for UDP.
    public init(requiresAuthentication: Bool, servesDatagrams: Bool = false) {
        self.requiresAuthentication = requiresAuthentication
        self.servesDatagrams = servesDatagrams
    }

    /// Reads on in the handshake; not to be called between `authenticate` and its verdict nor after a request, a
    /// refusal or a close.
    ///
    /// - Parameter input: All that was received and not consumed.
    /// - Returns: How many leading bytes of `input` are done with, and what to do. What follows them, say payload right
    ///   behind the request, the driver keeps.
    public mutating func receive(_ input: ByteRegion) -> (consumed: Int, step: Step) {
        if case .undetected = self.machine {
            guard !input.isEmpty else { return (0, .needMore) }
            switch input[0] {
            case 5:
                self.machine = .socks5(
                    SOCKS5Front(
                        requiresAuthentication: self.requiresAuthentication,
                        servesDatagrams: self.servesDatagrams
                    )
                )
            case 4: self.machine = .socks4(SOCKS4Front(requiresAuthentication: self.requiresAuthentication))
            case let byte where ASCII.isLetter(byte):
                self.machine = .http(HTTPFront(requiresAuthentication: self.requiresAuthentication))
            default: return (input.count, .close)
            }
        }
        switch self.machine {
        case .undetected:
            preconditionFailure("detected above")
        case .socks5(var front):
            defer { self.machine = .socks5(front) }
            return self.screen(front.receive(input))
        case .socks4(let front):
            return self.screen(front.receive(input))
        case .http(var front):
            defer { self.machine = .http(front) }
            return self.screen(front.receive(input))
        }
    }

    /// The driver's answer to `authenticate`, and only to it. Unless the step is a request or a refusal, `receive` is
    /// to be called again with the remaining input.
    public mutating func authenticated(_ accepted: Bool) -> Step {
        switch self.machine {
        case .undetected, .socks4:
            preconditionFailure("a verdict that nobody asked for")
        case .socks5(var front):
            defer { self.machine = .socks5(front) }
            return self.screen((0, front.authenticated(accepted))).step
        case .http(var front):
            defer { self.machine = .http(front) }
            return self.screen((0, front.authenticated(accepted))).step
        }
    }

    /// What to write to the application when its session is open.
    ///
    /// - Parameter bound: The local address of the connection to the target, where it is known.
    public func succeeded(bound: SocketAddress?) -> [UInt8] {
        switch self.machine {
        case .undetected: []
        case .socks5: SOCKS5Front.reply(.succeeded, bound: bound)
        case .socks4: SOCKS4Front.granted(bound: bound)
        case .http(let front): front.succeeded
        }
    }

    /// What to write to the application when its session cannot be opened. Then the driver shuts down writing, drains
    /// for a second at most and closes.
    public func failed(_ failure: ConnectFailure) -> [UInt8] {
        switch self.machine {
        case .undetected: []
        case .socks5: SOCKS5Front.reply(SOCKS5Front.Reply(failure))
        case .socks4: SOCKS4Front.rejected
        case .http: HTTPStatus(failure).reply
        }
    }

    /// What to write before closing when the deadline of the handshake passes; often nothing.
    public var timeoutReply: [UInt8] {
        switch self.machine {
        case .undetected, .socks5, .socks4: []
        case .http(let front): front.timeoutReply
        }
    }

    /// Refuses the targets that no exit of ours can serve, whatever front they came through.
    private func screen(_ result: (consumed: Int, step: Step)) -> (consumed: Int, step: Step) {
        guard case .request(let request) = result.step else { return result }
        let target: Address
        switch request {
        case .connect(let address): target = address
        case .http(let forward): target = forward.target
        // Each datagram has a target of its own.
        case .associate: return result
        }
        return target.host.isProtocolMarker ? (result.consumed, .refuse(self.failed(.denied))) : result
    }
}

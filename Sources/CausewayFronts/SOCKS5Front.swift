import CausewayBytes

/// The server side of a SOCKS5 handshake (RFC 1928), with user and password (RFC 1929).
///
///     greeting      05 | n | methods[n]              ◀─ 05 | method
///     credentials   01 | n | name[n] | m | password[m]   ◀─ 01 | 00 accepted, 01 not
///     request       05 | command | 00 | address       ◀─ 05 | reply | 00 | bound address
///
/// CONNECT is served, and UDP ASSOCIATE where the driver has UDP. Fields are judged in the order of their bytes, so that how the bytes were cut into segments
/// never changes an answer.
struct SOCKS5Front: Sendable {
    private enum State: Sendable {
        case greeting
        case credentials
        /// The driver looks the credentials up.
        case verdict
        case request
        case finished
    }

    /// Commands of RFC 1928 section 4.
    private enum Command: UInt8 {
        case connect = 1
        case associate = 3
    }

    /// Reply codes of RFC 1928 section 6.
    enum Reply: UInt8 {
        case succeeded = 0
        case general = 1
        case denied = 2
        case networkUnreachable = 3
        case hostUnreachable = 4
        case refused = 5
        case commandNotSupported = 7
        case addressTypeNotSupported = 8

        init(_ failure: ConnectFailure) {
            switch failure {
            case .general: self = .general
            case .denied: self = .denied
            case .networkUnreachable: self = .networkUnreachable
            // The protocol knows no closer word for a target that stays silent or cannot be found.
            case .hostUnreachable, .nameNotResolved, .timedOut: self = .hostUnreachable
            case .refused: self = .refused
            }
        }
    }

    private var state = State.greeting
    private let requiresAuthentication: Bool
    private let servesDatagrams: Bool

    init(requiresAuthentication: Bool, servesDatagrams: Bool) {
        self.requiresAuthentication = requiresAuthentication
        self.servesDatagrams = servesDatagrams
    }

    mutating func receive(_ input: ByteRegion) -> (consumed: Int, step: MixedFront.Step) {
        switch self.state {
        case .greeting: return self.receiveGreeting(input)
        case .credentials: return self.receiveCredentials(input)
        case .request: return self.receiveRequest(input)
        case .verdict, .finished: preconditionFailure("input while \(self.state)")
        }
    }

    mutating func authenticated(_ accepted: Bool) -> MixedFront.Step {
        guard case .verdict = self.state else { preconditionFailure("a verdict while \(self.state)") }
        if accepted {
            self.state = .request
            return .send([1, 0])
        }
        self.state = .finished
        return .refuse([1, 1])
    }

    /// The whole form always: clients take a shorter one for a broken connection.
    static func reply(_ reply: Reply, bound: SocketAddress? = nil) -> [UInt8] {
        guard let bound else { return [5, reply.rawValue, 0, 1, 0, 0, 0, 0, 0, 0] }
        let address = Address(bound)
        var bytes = [UInt8](repeating: 0, count: 3 + address.encodedCount)
        bytes[0] = 5
        bytes[1] = reply.rawValue
        bytes.withByteRegion { region in _ = address.encode(into: region.suffix(from: 3)) }
        return bytes
    }
}

// MARK: - Messages

extension SOCKS5Front {
    private mutating func receiveGreeting(_ input: ByteRegion) -> (consumed: Int, step: MixedFront.Step) {
        guard input.count >= 2 else { return (0, .needMore) }
        let end = 2 + Int(input[1])
        guard input.count >= end else { return (0, .needMore) }
        // Methods that we do not know are not looked at: curl always offers GSSAPI beside what it can do.
        var (offersNone, offersPassword) = (false, false)
        for offset in 2..<end {
            if input[offset] == 0 { offersNone = true }
            if input[offset] == 2 { offersPassword = true }
        }
        if offersNone && !self.requiresAuthentication {
            self.state = .request
            return (end, .send([5, 0]))
        }
        // A client that insists on a password gets to say one even where nobody asks for it.
        if offersPassword {
            self.state = .credentials
            return (end, .send([5, 2]))
        }
        return self.refuse(input, [5, 0xff])
    }

    private mutating func receiveCredentials(_ input: ByteRegion) -> (consumed: Int, step: MixedFront.Step) {
        guard input.count >= 1 else { return (0, .needMore) }
        guard input[0] == 1 else { return self.refuse(input, [1, 1]) }
        var reader = WireReader(input.suffix(from: 1))
        guard let nameCount = reader.read(UInt8.self), let name = reader.readBytes(Int(nameCount)),
            let passwordCount = reader.read(UInt8.self), let password = reader.readBytes(Int(passwordCount))
        else { return (0, .needMore) }
        let consumed = 1 + reader.offset
        guard self.requiresAuthentication else {
            self.state = .request
            return (consumed, .send([1, 0]))
        }
        self.state = .verdict
        return (consumed, .authenticate(name: name.array(), password: password.array()))
    }

    private mutating func receiveRequest(_ input: ByteRegion) -> (consumed: Int, step: MixedFront.Step) {
        guard input.count >= 1 else { return (0, .needMore) }
        guard input[0] == 5 else { return self.refuse(input, Self.reply(.general)) }
        guard input.count >= 2 else { return (0, .needMore) }
        let command = Command(rawValue: input[1])
        guard let command, command == .connect || self.servesDatagrams else {
            return self.refuse(input, Self.reply(.commandNotSupported))
        }
        // The reserved byte is not looked at: no client is worth losing over it.
        guard input.count >= 4 else { return (0, .needMore) }
        var reader = WireReader(input.suffix(from: 3))
        do throws(Address.WireError) {
            let target = try Address.parse(&reader)
            self.state = .finished
            switch command {
            case .connect: return (3 + reader.offset, .request(.connect(target)))
            // The address is the one that the application means to send from, and most say none.
            case .associate: return (3 + reader.offset, .request(.associate))
            }
        } catch {
            switch error {
            case .incomplete: return (0, .needMore)
            case .unknownType: return self.refuse(input, Self.reply(.addressTypeNotSupported))
            case .invalidName: return self.refuse(input, Self.reply(.general))
            }
        }
    }

    private mutating func refuse(_ input: ByteRegion, _ reply: [UInt8]) -> (consumed: Int, step: MixedFront.Step) {
        self.state = .finished
        return (input.count, .refuse(reply))
    }
}

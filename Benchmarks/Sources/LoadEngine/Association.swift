import Glibc

/// A way for datagrams to a target and back: a SOCKS5 UDP association, or a socket that leads there straight.
struct Association {
    /// What an answer holds.
    enum Answer {
        /// The payload that was sent, with its stamp.
        case payload(Stamp)
        /// Anything else.
        case corrupt
    }

    /// How long each step of the opening may take, in milliseconds.
    private static let patience: Int32 = 3000

    let socket: Socket
    /// What stands before every payload on its way out.
    let header: [UInt8]
    private let target: Endpoint
    /// The connection that the association lives as long as.
    private let control: Socket?

    /// Opens the way, on the calling thread.
    ///
    /// - Parameter source: The address of both sockets: a proxy may take datagrams from nowhere else.
    static func open(
        from source: UInt32,
        to target: Endpoint,
        through proxy: Endpoint?
    ) throws(FailureCause) -> Association {
        guard let proxy else {
            let socket = try self.socket(from: source, to: target)
            return Association(socket: socket, header: [], target: target, control: nil)
        }
        guard let control = try? Socket.connecting(from: source, to: proxy) else { throw .unconnected }
        do throws(FailureCause) {
            let socket = try self.socket(from: source, to: try self.relay(of: proxy, control))
            let header = SocksDatagram.header(to: target)
            return Association(socket: socket, header: header, target: target, control: control)
        } catch {
            control.close()
            throw error
        }
    }

    private static func socket(from source: UInt32, to endpoint: Endpoint) throws(FailureCause) -> Socket {
        guard let socket = try? Socket.datagrams(at: Endpoint(host: source, port: 0)) else { throw .unconnected }
        guard (try? socket.connectDatagrams(to: endpoint)) != nil else {
            socket.close()
            throw .unconnected
        }
        return socket
    }

    /// Asks for an association; where its datagrams go.
    private static func relay(of proxy: Endpoint, _ control: Socket) throws(FailureCause) -> Endpoint {
        var dialogue = SocksDialogue()
        try self.wait(for: POLLOUT, at: control)
        try self.send(SocksDialogue.greeting, control)
        while true {
            try self.wait(for: POLLIN, at: control)
            var bytes = [UInt8](repeating: 0, count: dialogue.bytesWanted)
            guard case .moved(let count) = bytes.withUnsafeMutableBytes({ control.receive(into: $0) })
            else { throw .closedInHandshake }
            for byte in bytes[..<count] {
                switch dialogue.received(byte) {
                case .wait: break
                case .sendRequest: try self.send(SocksDialogue.associateRequest, control)
                case .open:
                    guard let relay = dialogue.relay(of: proxy) else { throw .malformed }
                    return relay
                case .refused: throw .refused
                case .malformed: throw .malformed
                }
            }
        }
    }

    private static func wait(for event: Int32, at socket: Socket) throws(FailureCause) {
        var wanted = pollfd(fd: socket.descriptor, events: Int16(event), revents: 0)
        guard poll(&wanted, 1, self.patience) == 1 else { throw .late }
    }

    private static func send(_ bytes: [UInt8], _ control: Socket) throws(FailureCause) {
        guard case .moved(bytes.count) = bytes.withUnsafeBytes({ control.send($0) }) else { throw .unconnected }
    }

    /// Whether the connection that the association hangs on is still there.
    var isOpen: Bool {
        guard let control = self.control else { return true }
        var byte: UInt8 = 0
        // The proxy has nothing more to say on it.
        return withUnsafeMutableBytes(of: &byte) { control.receive(into: $0) } == .wouldBlock
    }

    /// Reads what has come through this way.
    func answer(_ datagram: UnsafeRawBufferPointer, payload: Payload, size: Int) -> Answer {
        var content = datagram
        if self.control != nil {
            guard let header = SocksDatagram(datagram), header.source == self.target else { return .corrupt }
            content = UnsafeRawBufferPointer(rebasing: datagram[header.headerSize...])
        }
        guard content.count == size, let stamp = Stamp(of: content) else { return .corrupt }
        let rest = UnsafeRawBufferPointer(rebasing: content[Stamp.size...])
        return payload.matches(rest, at: Stamp.size) ? .payload(stamp) : .corrupt
    }

    func close() {
        self.socket.close()
        self.control?.close()
    }
}

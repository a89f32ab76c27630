import Synchronization

/// The far ends of the load, on one thread: echo servers, a source that sends as fast as it is read, and a sink.
public final class Targets: @unchecked Sendable {
    // Safe: everything below the endpoints and the tally belongs to the thread that is in `run`; the flag is atomic.

    private enum Role {
        case listener(Service)
        case echo, source, sink
    }

    private enum Service { case echo, source, sink }

    private struct Connection {
        var socket: Socket
        var role: Role
        var generation: UInt32
        /// Where in its stream a source or sink is.
        var offset = 0
        /// What an echo could not yet send back.
        var pending: [UInt8] = []
    }

    /// Several, since the proxy under test has one source address: each target more is another range of ports for it.
    public let echoes: [Endpoint]
    public let source: Endpoint
    public let sink: Endpoint
    /// Bytes: those that came to the sink.
    public let tally = Tally()

    private let payload: Payload
    private let verify: Bool
    private let poller: Poller
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    private var slots: [Connection?] = []
    private var free: [Int] = []
    private var generation: UInt32 = 0
    private let stopping = Atomic<Bool>(false)

    /// Opens the listeners, on free ports of 127.0.0.x.
    ///
    /// - Parameter verify: Whether the sink compares what it gets with the payload.
    public init(payload: Payload, echoAddresses: Int = 4, verify: Bool = false) throws(SystemCallError) {
        self.payload = payload
        self.verify = verify
        self.poller = try Poller()
        var listeners: [(Socket, Service)] = []
        func open(_ host: UInt8, _ service: Service) throws(SystemCallError) -> Endpoint {
            var endpoint = Endpoint(host: Endpoint.loopback(0, host), port: 0)
            let socket = try Socket.listening(at: endpoint)
            endpoint.port = try socket.localPort()
            listeners.append((socket, service))
            return endpoint
        }
        var echoes: [Endpoint] = []
        for index in 0..<echoAddresses { echoes.append(try open(UInt8(10 + index), .echo)) }
        self.echoes = echoes
        self.source = try open(2, .source)
        self.sink = try open(3, .sink)
        for (socket, service) in listeners { try self.insert(socket, .listener(service), for: .readable) }
    }

    deinit {
        for connection in self.slots { connection?.socket.close() }
        self.scratch.deallocate()
    }

    /// Makes ``run()`` return soon.
    public func stop() { self.stopping.store(true, ordering: .relaxed) }

    /// Serves on the calling thread until ``stop()``.
    public func run() throws(SystemCallError) {
        while !self.stopping.load(ordering: .relaxed) {
            try self.poller.wait(milliseconds: 20) { token, ready throws(SystemCallError) in
                try self.serve(token, ready)
            }
        }
    }

    private func serve(_ token: Token, _ ready: Interest) throws(SystemCallError) {
        let slot = Int(token.slot)
        guard let connection = self.slots[slot], connection.generation == token.generation else { return }
        switch connection.role {
        case .listener(let service): try self.accept(from: connection.socket, service)
        case .echo: try self.echo(slot, ready)
        case .source: ready.isDisjoint(with: .broken) ? self.pour(slot) : self.remove(slot)
        case .sink: self.drain(slot)
        }
    }

    private func accept(from listener: Socket, _ service: Service) throws(SystemCallError) {
        while let socket = try listener.accept() {
            switch service {
            case .echo: try self.insert(socket, .echo, for: .readable)
            case .source: try self.insert(socket, .source, for: .writable)
            case .sink: try self.insert(socket, .sink, for: .readable)
            }
        }
    }

    private func insert(_ socket: Socket, _ role: Role, for interest: Interest) throws(SystemCallError) {
        self.generation &+= 1
        let connection = Connection(socket: socket, role: role, generation: self.generation)
        let slot = self.free.popLast() ?? self.slots.count
        if slot == self.slots.count { self.slots.append(connection) } else { self.slots[slot] = connection }
        try self.poller.add(socket, for: interest, token: Token(slot: slot, generation: self.generation))
    }

    private func remove(_ slot: Int) {
        self.slots[slot]?.socket.close()
        self.slots[slot] = nil
        self.free.append(slot)
    }

    private func pour(_ slot: Int) {
        guard var connection = self.slots[slot] else { return }
        switch connection.socket.send(self.payload, from: connection.offset) {
        case .moved(let count):
            connection.offset += count
            self.slots[slot] = connection
        case .wouldBlock: break
        case .endOfStream, .failed: self.remove(slot)
        }
    }

    private func drain(_ slot: Int) {
        guard var connection = self.slots[slot] else { return }
        let transfer =
            self.verify ? connection.socket.receive(into: self.scratch) : connection.socket.discard(atMost: 8 << 20)
        switch transfer {
        case .moved(let count):
            if self.verify, !self.payload.matches(.init(rebasing: self.scratch[..<count]), at: connection.offset) {
                self.tally.sessionCorrupt()
                return self.remove(slot)
            }
            connection.offset += count
            self.slots[slot] = connection
            self.tally.arrived(count)
        case .wouldBlock: break
        case .endOfStream, .failed: self.remove(slot)
        }
    }

    private func echo(_ slot: Int, _ ready: Interest) throws(SystemCallError) {
        guard var connection = self.slots[slot] else { return }
        let token = Token(slot: slot, generation: connection.generation)
        if !connection.pending.isEmpty {
            // The rest goes first; nothing is read meanwhile, so it is bounded by one reading.
            switch connection.pending.withUnsafeBytes({ connection.socket.send($0) }) {
            case .moved(let count):
                connection.pending.removeFirst(count)
                if connection.pending.isEmpty {
                    try self.poller.change(connection.socket, to: .readable, token: token)
                }
                self.slots[slot] = connection
            case .wouldBlock: break
            case .endOfStream, .failed: self.remove(slot)
            }
            return
        }
        switch connection.socket.receive(into: self.scratch) {
        case .moved(let count):
            let bytes = UnsafeRawBufferPointer(rebasing: self.scratch[..<count])
            switch connection.socket.send(bytes) {
            case .moved(let sent) where sent == count: break
            case .moved(let sent): try self.keep(bytes.dropFirst(sent), slot, token)
            case .wouldBlock: try self.keep(bytes[...], slot, token)
            case .endOfStream, .failed: self.remove(slot)
            }
        case .wouldBlock: break
        case .endOfStream, .failed: self.remove(slot)
        }
    }

    private func keep(_ rest: Slice<UnsafeRawBufferPointer>, _ slot: Int, _ token: Token) throws(SystemCallError) {
        guard var connection = self.slots[slot] else { return }
        connection.pending = [UInt8](rest)
        self.slots[slot] = connection
        try self.poller.change(connection.socket, to: .writable, token: token)
    }
}

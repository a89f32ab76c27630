import Synchronization

/// The far end of datagrams, on one thread: it sends back what it gets, or only counts it.
public final class DatagramEcho: @unchecked Sendable {
    // Safe: the socket and the batch belong to the thread that is in `run`; the flag is atomic.

    public let endpoint: Endpoint
    /// Those that count, as their stamps say. An answer that the kernel had no room for was not sent.
    public let tally = DatagramTally()

    private let answers: Bool
    private let socket: Socket
    private let poller: Poller
    private let batch = DatagramBatch()
    private let stopping = Atomic<Bool>(false)

    /// Opens the socket, on a free port of 127.0.0.10.
    ///
    /// - Parameter answers: Whether anything is sent back.
    public init(answers: Bool = true) throws(SystemCallError) {
        self.answers = answers
        self.poller = try Poller()
        let host = Endpoint.loopback(0, 10)
        self.socket = try Socket.datagrams(at: Endpoint(host: host, port: 0))
        self.endpoint = Endpoint(host: host, port: try self.socket.localPort())
        try self.poller.add(self.socket, for: .readable, token: Token(slot: 0, generation: 0))
    }

    deinit { self.socket.close() }

    /// Makes ``run()`` return soon.
    public func stop() { self.stopping.store(true, ordering: .relaxed) }

    /// Serves on the calling thread until ``stop()``.
    public func run() throws(SystemCallError) {
        while !self.stopping.load(ordering: .relaxed) {
            try self.poller.wait(milliseconds: 20) { _, _ throws(SystemCallError) in try self.serve() }
        }
    }

    private func serve() throws(SystemCallError) {
        switch self.socket.receive(self.batch) {
        case .moved(let count):
            self.tally.arrived(self.counted(count))
            if self.answers { self.tally.sent(self.counted(try self.answer())) }
        case .wouldBlock, .endOfStream: break
        case .failed(let error): throw error
        }
    }

    private func answer() throws(SystemCallError) -> Int {
        switch self.socket.send(self.batch) {
        case .moved(let count): return count
        case .wouldBlock, .endOfStream: return 0
        case .failed(let error): throw error
        }
    }

    /// How many of the first datagrams of the batch count.
    private func counted(_ count: Int) -> Int {
        (0..<count).count { Stamp(of: self.batch[$0])?.counts == true }
    }
}

import Synchronization
import TestSupport

/// What a client of a blind relay with users sends first: salt and the two identity headers that are the relay's. Made
/// by our own client, so that a test can play the rest of the session as it likes: the relay does not read it.
struct HeaderSource {
    /// Bytes of salt and headers, with a method of 16 bytes.
    static let count = 48

    private let entry: Entry

    init(_ entry: Entry) {
        self.entry = entry
    }

    /// So many of them, no two alike.
    func take(_ count: Int) throws -> [[UInt8]] {
        let headers = Headers()
        let server = try LoopbackServer { connection in
            headers.append(try connection.read(exactly: Self.count))
        }
        let port = try FreePort.next()
        let client = try Node(
            Configuration.client(
                port: port,
                serverPort: server.port,
                method: self.entry.exit.method,
                keys: self.entry.keys(hasUsers: true)
            ),
            listeningOn: [port]
        )
        for made in 1...count {
            let session = try LoopbackSocket.session(via: port, to: 9)
            try session.write([1])
            guard Deadline.wait(20, until: { headers.all.count == made }) else { throw TestFailure(client.log) }
        }
        try client.stop()
        return headers.all
    }

    private final class Headers: Sendable {
        private let storage = Mutex<[[UInt8]]>([])

        var all: [[UInt8]] { self.storage.withLock { $0 } }

        func append(_ header: [UInt8]) {
            self.storage.withLock { $0.append(header) }
        }
    }
}

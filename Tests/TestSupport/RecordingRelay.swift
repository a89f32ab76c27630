import Foundation
import Synchronization

/// Stands between a client and a server and keeps what the client has sent, as somebody on the path would.
public final class RecordingRelay: Sendable {
    public let port: UInt16
    private let server: LoopbackServer
    private let recording: Recording

    /// Passes each connection on to `target`.
    ///
    /// - Parameters:
    ///   - held: how many bytes of each client are held back and then sent in one write with those that follow.
    public init(to target: UInt16, holdingBack held: Int = 0) throws {
        let recording = Recording()
        self.recording = recording
        self.server = try LoopbackServer { client in
            let upstream = try LoopbackSocket(connectingTo: target)
            let index = recording.begin()
            try Background.run {
                try Self.copy(from: upstream, to: client) { _ in }
            } while: {
                var early: [UInt8] = []
                while early.count < held, case .bytes(let bytes) = client.read() {
                    recording.append(bytes, to: index)
                    early += bytes
                }
                try upstream.write(early)
                try Self.copy(from: client, to: upstream) { recording.append($0, to: index) }
            }
        }
        self.port = self.server.port
    }

    /// What the clients have sent so far, connection by connection.
    public var sent: [[UInt8]] { self.recording.sent }

    private static func copy(
        from source: LoopbackSocket,
        to sink: LoopbackSocket,
        noting note: ([UInt8]) -> Void
    ) throws {
        while true {
            switch source.read() {
            case .bytes(let bytes):
                note(bytes)
                try sink.write(bytes)
            case .end:
                return sink.finishWriting()
            case .reset, .silence:
                return sink.reset()
            }
        }
    }

    private final class Recording: Sendable {
        private let streams = Mutex<[[UInt8]]>([])

        var sent: [[UInt8]] { self.streams.withLock { $0 } }

        func begin() -> Int {
            self.streams.withLock { streams in
                streams.append([])
                return streams.count - 1
            }
        }

        func append(_ bytes: [UInt8], to index: Int) {
            self.streams.withLock { $0[index] += bytes }
        }
    }
}

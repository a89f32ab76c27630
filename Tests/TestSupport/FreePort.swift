import Foundation
import Synchronization

/// Ports for the servers of a test.
public enum FreePort {
    private static let given = Mutex<Set<UInt16>>([])

    /// A port of 127.0.0.1 that nobody has bound for TCP or UDP, and that was not given out before. It lies below the
    /// kernel's ephemeral range, so that no outgoing connection takes it before the server does.
    public static func next() throws -> UInt16 {
        for _ in 0..<200 {
            let port = UInt16.random(in: 12000..<32000)
            guard Self.given.withLock({ $0.insert(port).inserted }) else { continue }
            if let socket = try? LoopbackSocket.listening(on: port), (try? LoopbackDatagrams(port: port)) != nil {
                socket.close()
                return port
            }
        }
        throw TestFailure("no free port on 127.0.0.1")
    }
}

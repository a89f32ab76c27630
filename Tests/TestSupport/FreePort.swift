import Foundation
import Synchronization

/// Ports for the servers of a test.
public enum FreePort {
    private static let given = Mutex<Set<UInt16>>([])
    /// Below the kernel's ephemeral range, so that no outgoing connection takes one before the server does.
    /// `CAUSEWAY_TEST_PORTS=12000-21999` gives each of two processes its own.
    private static let range: ClosedRange<UInt16> = {
        let text = ProcessInfo.processInfo.environment["CAUSEWAY_TEST_PORTS"] ?? ""
        let bounds = text.split(separator: "-").compactMap { UInt16($0) }
        guard bounds.count == 2, bounds[0] < bounds[1] else { return 12000...31999 }
        return bounds[0]...bounds[1]
    }()

    /// A port of 127.0.0.1 that nobody has bound for TCP or UDP, and that was not given out before.
    public static func next() throws -> UInt16 {
        for _ in 0..<200 {
            let port = UInt16.random(in: self.range)
            guard Self.given.withLock({ $0.insert(port).inserted }) else { continue }
            if let socket = try? LoopbackSocket.listening(on: port), (try? LoopbackDatagrams(port: port)) != nil {
                socket.close()
                return port
            }
        }
        throw TestFailure("no free port on 127.0.0.1")
    }
}

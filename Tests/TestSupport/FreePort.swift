import Foundation

/// Ports for the servers of a test.
public enum FreePort {
    /// A TCP port of 127.0.0.1 that nobody has bound. It lies below the kernel's ephemeral range, so that no outgoing
    /// connection takes it before the server does.
    public static func next() throws -> UInt16 {
        for _ in 0..<200 {
            let port = UInt16.random(in: 12000..<32000)
            if let socket = try? LoopbackSocket.listening(on: port) {
                socket.close()
                return port
            }
        }
        throw TestFailure("no free port on 127.0.0.1")
    }
}

public import CausewayBytes
public import CausewayIO
import Foundation

/// Two ends of one TCP connection over loopback, neither of which blocks.
public final class SocketPair {
    public var near: Socket
    public var far: Socket

    public init() throws {
        let loopback = SocketAddress(ip: .v4(0x7f00_0001), port: 0)
        let listener = try Socket.listening(on: loopback, backlog: 4)
        guard let address = listener.localAddress() else { throw TestFailure("no address") }
        self.near = try Socket.connecting(to: address)
        self.far = Socket()
        let deadline = Deadline(seconds: 10)
        while !self.far.isOpen {
            var peer = loopback
            if let socket = try listener.accept(peer: &peer) { self.far = socket }
            if deadline.hasPassed { throw TestFailure("nobody to accept") }
        }
    }
}

extension [UInt8] {
    /// Lends a copy of the bytes.
    public func withRegion<Result>(_ body: (ByteRegion) -> Result) -> Result {
        var bytes = self
        return bytes.withByteRegion { body($0) }
    }
}

/// Asks again until the answer is another than that the socket is not ready.
public func patiently(_ call: () -> TransferResult) -> TransferResult {
    let deadline = Deadline(seconds: 10)
    while true {
        let result = call()
        if result != .wouldBlock || deadline.hasPassed { return result }
        usleep(500)
    }
}

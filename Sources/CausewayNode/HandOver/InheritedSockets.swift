import CausewayBytes
import CausewayIO

/// Sockets that listen already, until a listener asks for its own.
struct InheritedSockets {
    private var sockets: [SocketAddress: [Descriptor]] = [:]
    private var datagramSockets: [SocketAddress: [Descriptor]] = [:]

    init(_ descriptors: [Descriptor]) {
        for descriptor in descriptors {
            guard let address = Socket.address(of: descriptor) else { continue }
            if DatagramSocket.isOne(descriptor) {
                self.datagramSockets[address, default: []].append(descriptor)
            } else {
                self.sockets[address, default: []].append(descriptor)
            }
        }
    }

    /// Takes those at `address`, as many as there are loops: where there are fewer, loops share, and where there are
    /// more, each loop takes several, for connections wait in all of them. None where none is inherited.
    ///
    /// - Throws: where what is there is no TCP socket that listens.
    mutating func take(_ address: SocketAddress, loops: Int) throws(SystemCallError) -> [(
        loop: Int, socket: Descriptor
    )] {
        guard let found = self.sockets.removeValue(forKey: address) else { return [] }
        return (0..<max(found.count, loops)).map { (loop: $0 % loops, socket: found[$0 % found.count]) }
    }

    /// The same for datagrams, but that no two loops share a socket: what is in one row is to stay in it.
    mutating func takeDatagrams(_ address: SocketAddress, loops: Int) -> [(loop: Int, socket: Descriptor)] {
        (self.datagramSockets.removeValue(forKey: address) ?? []).enumerated().map { ($0.offset % loops, $0.element) }
    }

    /// Where nobody wants to listen any more.
    var addresses: [SocketAddress] { Array(self.sockets.keys) + Array(self.datagramSockets.keys) }
}

import CausewayBytes
import Hummingbird
import NIOCore

/// A request to the API with the address that it comes from; none over a Unix socket.
struct AdminContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The address without its port, of an IPv6 network of 64 bits as one.
    let source: String?

    init(source: ApplicationRequestContextSource) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.source = source.channel.remoteAddress.flatMap { Self.network(of: $0) }
    }

    private static func network(of address: NIOCore.SocketAddress) -> String? {
        address.ipAddress.flatMap { IPAddress($0) }.map { ip in
            // Whoever has one address of a /64 has all of them.
            if case .v6(let high, _) = ip { IPAddress.v6(high: high, low: 0).description } else { ip.description }
        }
    }
}

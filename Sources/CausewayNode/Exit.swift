import CausewayBytes
import CausewayCore
import CausewayWire

/// How sessions leave the node: an exit of the configuration, made ready for use. Immutable and shared by all loops.
final class Exit: Sendable {
    enum Kind: Sendable {
        /// To the target itself, as far as the policy lets.
        case direct(AddressPolicy)
        /// To the next hop, as a Shadowsocks client.
        case tunnel(server: Address, credentials: RequestCredentials)
        /// Nowhere.
        case block
    }

    let name: String
    let kind: Kind
    /// The families of addresses that names are resolved to.
    let families: [AddressFamily]
    /// How long finding and reaching the next hop or target may take.
    let connectTimeout: Interval

    init(name: String, kind: Kind, families: [AddressFamily], connectTimeout: Interval) {
        self.name = name
        self.kind = kind
        self.families = families
        self.connectTimeout = connectTimeout
    }
}

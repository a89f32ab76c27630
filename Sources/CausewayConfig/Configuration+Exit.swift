public import CausewayBytes
public import CausewayWire

extension Configuration {
    /// How traffic leaves.
    public struct Exit: Sendable {
        public let name: String
        public let kind: Kind

        /// The time that a connection may take to come about, name resolution included.
        public static let defaultConnectTimeout = Interval.seconds(10)

        /// The way out, with what it needs.
        public enum Kind: Sendable {
            /// To the target itself.
            case direct(Direct)
            /// To the next hop, by Shadowsocks 2022.
            case tunnel(Tunnel)
            /// Nowhere: every session is refused.
            case block
        }

        /// A way out to the target itself, and which targets are let through.
        ///
        /// A list that is empty says nothing. Where an allow list has entries, its domains or ports are the only ones
        /// let through; an allowed block of addresses is let through although it is private. What is denied stays
        /// denied, whatever is allowed.
        public struct Direct: Equatable, Sendable {
            public let allow: [CIDR]
            public let deny: [CIDR]
            public let allowPorts: [UInt16]
            public let denyPorts: [UInt16]
            /// Lower case, without a leading or trailing dot; each stands for itself and every name below it.
            public let allowDomains: [String]
            /// As `allowDomains`.
            public let denyDomains: [String]
            public let family: Family
            public let connectTimeout: Interval

            /// Mail submission to port 25 is what open exits are abused for most.
            public static let defaultDenyPorts: [UInt16] = [25]
        }

        /// The family of addresses that a name is resolved to.
        public enum Family: String, CaseIterable, Sendable {
            case any, ipv4, ipv6
        }

        /// The next hop.
        public struct Tunnel: Equatable, Sendable {
            public let server: Address
            public let keys: KeyChain
            public let connectTimeout: Interval
        }
    }
}

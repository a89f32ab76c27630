public import CausewayBytes
public import CausewayWire

extension Configuration {
    /// How traffic leaves.
    public struct Exit: Equatable, Sendable {
        public let name: String
        public let kind: Kind

        /// The time that a connection may take to come about, name resolution included.
        public static let defaultConnectTimeout = Interval.seconds(10)

        /// The way out, with what it needs.
        public enum Kind: Equatable, Sendable {
            /// To the target itself.
            case direct(Direct)
            /// To the next hop, by Shadowsocks 2022.
            case tunnel(Tunnel)
            /// By one of several others.
            case group(Group)
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
            public let socket: DialSocket

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
            /// `nil` where only relays lead there, which need none.
            public let keys: KeyChain?
            public let connectTimeout: Interval
            public let family: Family
            /// Connected sockets that are kept ready, at most; zero for none.
            public let warm: Int
            public let socket: DialSocket
            /// Whether the next hop is told the customer's address by a PROXY header of version 2.
            public let sendProxy: Bool

            public static let maximumWarm = 1024
        }

        /// Several exits and how to choose among them.
        public struct Group: Equatable, Sendable {
            /// The names of 1...`maximumMembers` exits, which exist and are `direct` or `tunnel`, in order.
            public let members: [String]
            public let policy: Policy
            public let hashBy: HashKey
            /// How much better another member's latency has to be before `latency` changes over.
            public let tolerance: Interval
            /// `nil` where only the sessions themselves tell what works.
            public let check: Check?

            public static let maximumMembers = 64
            public static let defaultTolerance = Interval.milliseconds(50)
        }

        /// How a group chooses.
        public enum Policy: String, CaseIterable, Sendable {
            case failover
            case latency
            case roundRobin = "round-robin"
            case leastSessions = "least-sessions"
            case hash
        }

        /// What sessions have in common that leave by the same member, with the policy `hash`.
        public enum HashKey: String, CaseIterable, Sendable {
            case source, user
        }

        /// How a member is asked whether it works: by fetching something through it, or, where it has no keys, by
        /// connecting to it.
        public struct Check: Equatable, Sendable {
            public let target: Address
            /// Path and query, beginning with a slash.
            public let path: String
            public let interval: Interval
            public let timeout: Interval
            /// Successes in a row that bring a member up.
            public let rise: Int
            /// Failures in a row that take it down.
            public let fall: Int

            public static let defaultURL = "http://cp.cloudflare.com/generate_204"
            public static let defaultInterval = Interval.seconds(30)
            public static let defaultTimeout = Interval.seconds(5)
            public static let defaultRise = 2
            public static let defaultFall = 3
        }
    }
}

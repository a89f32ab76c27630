public import CausewayBytes

extension Configuration {
    /// How fast sockets that cross the long leg send, and what loss means to them.
    public struct Congestion: Equatable, Sendable {
        /// The algorithm's name, as the kernel has it.
        public let algorithm: String
        /// What is sent in a second, of a socket or of those that share. Other algorithms than Brutal are held below it.
        /// Where there is none and the rate is a user's, it is that of the user's plan.
        public let rate: BitRate?
        /// How many round trips' worth may be under way, in tenths; Brutal's alone.
        public let gain: Int
        public let share: Share
        /// The algorithms to try in turn where the first one is not to be had.
        public let fallback: [String]
        /// What no socket goes above, whatever the algorithm wants.
        public let pacing: BitRate?

        /// Whose the rate is.
        public enum Share: String, CaseIterable, Sendable {
            /// Each socket's own.
            case socket
            /// That of all sockets of a user together.
            case user
            /// That of all sockets of the listener or exit together.
            case link
        }

        public static let brutal = "brutal"
        /// Those of TCP Brutal's kernel interface, in tenths.
        public static let gains = 5...80
        public static let defaultGain = 20
        /// The rates that TCP Brutal's kernel interface takes, in bytes per second.
        public static let brutalRates: ClosedRange<UInt64> = 62_500...125_000_000_000
        public static let defaultFallback = ["bbr"]
    }
}

extension Configuration.Congestion {
    var summary: String {
        var parts = [self.algorithm]
        if let rate = self.rate {
            parts.append("\(rate) for each \(self.share.rawValue)")
        } else if self.share == .user {
            parts.append("at the rate of each user's plan")
        }
        if self.algorithm == Self.brutal { parts.append("gain \(self.gain / 10).\(self.gain % 10)") }
        if let pacing = self.pacing { parts.append("no socket above \(pacing)") }
        if !self.fallback.isEmpty { parts.append("else \(self.fallback.joined(separator: ", "))") }
        return "; congestion \(parts.joined(separator: ", "))"
    }
}

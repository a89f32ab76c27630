import CLinux
import Glibc

/// What a socket is to be like on the long leg: an algorithm with its rate, and what to do where it is not to be had.
public struct CongestionRequest: Sendable, Equatable {
    public var algorithm: CongestionAlgorithm
    /// Bytes per second; always there for Brutal.
    public var rate: UInt64?
    /// In tenths; Brutal's alone.
    public var gain: UInt32
    /// Tried in turn.
    public var fallback: [CongestionAlgorithm]
    /// Bytes per second that the socket does not go above.
    public var pacing: UInt64?

    public init(
        algorithm: CongestionAlgorithm,
        rate: UInt64?,
        gain: UInt32,
        fallback: [CongestionAlgorithm],
        pacing: UInt64?
    ) {
        self.algorithm = algorithm
        self.rate = rate
        self.gain = gain
        self.fallback = fallback
        self.pacing = pacing
    }
}

/// What has become of a request.
public struct CongestionOutcome: Sendable, Equatable {
    /// What the socket has now; `nil` where nothing that was asked for could be had, and it has the system's.
    public var algorithm: CongestionAlgorithm?
    /// Why it is not what was asked for first, in a sentence.
    public var reason: String?
    /// Whether the kernel shares a rate among the sockets of a group.
    public var isGrouped = false

    /// Of a socket of which nothing was asked.
    public init() {}
}

extension Socket {
    /// Makes the socket, which is connected, what `request` says; nothing that fails here harms it.
    ///
    /// - Parameters:
    ///   - share: bytes per second of the request's rate that are this socket's where the kernel does not share it.
    ///   - group: whose sockets share the rate, if the kernel can; 0 for nobody.
    public borrowing func control(
        _ request: CongestionRequest,
        share: UInt64?,
        group: UInt64
    ) -> CongestionOutcome {
        var outcome = CongestionOutcome()
        do throws(SystemCallError) {
            if request.algorithm.isBrutal, request.rate == nil {
                throw SystemCallError(code: EDOM, call: "brutal without a rate")
            } else if request.algorithm.isBrutal {
                outcome.isGrouped = try self.selectBrutal(request, share: share, group: group)
            } else {
                try request.algorithm.select(on: self.descriptor)
            }
            outcome.algorithm = request.algorithm
        } catch {
            outcome.reason = Self.sentence(request.algorithm, error)
            for algorithm in request.fallback {
                guard (try? algorithm.select(on: self.descriptor)) != nil else { continue }
                outcome.algorithm = algorithm
                break
            }
        }
        // Brutal paces by itself.
        let rate = outcome.algorithm?.isBrutal == true ? nil : share
        if let limit = [rate, request.pacing].compactMap({ $0 }).min() { self.pace(limit) }
        return outcome
    }

    /// Sets another share of the rate on a socket with this outcome.
    public borrowing func setShare(_ share: UInt64, _ request: CongestionRequest, _ outcome: CongestionOutcome) {
        if outcome.algorithm?.isBrutal == true {
            _ = CLinux_set_brutal(self.descriptor, max(share, Self.leastBrutalRate), request.gain, 0)
        } else {
            self.pace(min(share, request.pacing ?? .max))
        }
    }

    /// The rates that TCP Brutal takes begin here, in bytes per second.
    private static let leastBrutalRate: UInt64 = 62_500
    /// The version of Brutal's kernel side that has groups.
    private static let firstWithGroups: Int64 = 0x02_00_00

    /// - Returns: whether the kernel shares the rate among the group.
    private borrowing func selectBrutal(
        _ request: CongestionRequest,
        share: UInt64?,
        group: UInt64
    ) throws(SystemCallError) -> Bool {
        let before = try CongestionAlgorithm.selected(on: self.descriptor)
        try request.algorithm.select(on: self.descriptor)
        do throws(SystemCallError) {
            let isGrouped = group != 0 && CLinux_brutal_version(self.descriptor) >= Self.firstWithGroups
            let rate = isGrouped ? request.rate : share ?? request.rate
            let result = CLinux_set_brutal(
                self.descriptor,
                max(rate ?? 0, Self.leastBrutalRate),
                request.gain,
                isGrouped ? group : 0
            )
            _ = try checked("setsockopt TCP_BRUTAL_PARAMS", result)
            return isGrouped
        } catch {
            // Without its parameters it would crawl at 1 Mbit/s.
            try before.select(on: self.descriptor)
            throw error
        }
    }

    private borrowing func pace(_ rate: UInt64) {
        _ = CLinux_set_pacing(self.descriptor, rate)
    }

    private static func sentence(_ algorithm: CongestionAlgorithm, _ error: SystemCallError) -> String {
        switch error.code {
        case ENOENT where algorithm.isBrutal:
            "the kernel has no brutal: causeway brutal load, or the kernel module, brings it"
        case EDOM where algorithm.isBrutal: "the user's plan has no rate, which brutal wants"
        case ENOENT: "the kernel has no \(algorithm)"
        case EPERM:
            "\(algorithm) is for the privileged unless net.ipv4.tcp_allowed_congestion_control has it"
        case ENOPROTOOPT where algorithm.isBrutal:
            "brutal takes no parameters on this socket, as on those of MPTCP"
        default: "\(algorithm): \(error.reason)"
        }
    }

    /// How the connection does; `nil` where the kernel does not say.
    public borrowing func statistics() -> ConnectionStatistics? {
        var raw = CLinux_tcp_statistics()
        guard CLinux_read_statistics(self.descriptor, &raw) == 0 else { return nil }
        return ConnectionStatistics(
            sent: raw.sent,
            retransmitted: raw.retransmitted,
            roundTripMicroseconds: raw.round_trip
        )
    }
}

/// What TCP says of a connection.
public struct ConnectionStatistics: Sendable {
    /// Bytes, those that were sent again included.
    public var sent: UInt64
    /// Bytes that were sent again.
    public var retransmitted: UInt64
    /// Smoothed.
    public var roundTripMicroseconds: UInt32
}

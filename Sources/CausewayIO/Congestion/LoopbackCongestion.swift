/// The congestion control of connections that never leave this machine: Reno, which lets go what it is given.
///
/// A host that has BBR for its long paths has it on the loopback too, where nothing is lost and nothing is to be learnt:
/// it paces each connection by a timer, in small bursts that wake the other end for little.
enum LoopbackCongestion {
    /// What to select; `nil` for the system's default, as it is when first asked.
    private static let algorithm: CongestionAlgorithm? = {
        let line = (try? SmallFile.read("/proc/sys/net/ipv4/tcp_congestion_control")) ?? ""
        return algorithm(whereDefaultIs: String(line.prefix { !$0.isWhitespace }))
    }()

    /// Reno, where `name` is none of those that let go what they are given by themselves.
    static func algorithm(whereDefaultIs name: String) -> CongestionAlgorithm? {
        switch name {
        case "", "cubic", "reno": nil
        default: CongestionAlgorithm("reno")
        }
    }

    /// Selects it for a socket that listens on the loopback, for those that it accepts, or that connects to it. Where
    /// the kernel does not want, its default stays.
    static func select(on descriptor: CInt) {
        guard let algorithm = self.algorithm else { return }
        try? algorithm.select(on: descriptor)
    }
}

import ArgumentParser
import Glibc

/// Puts a load on a proxy, or straight on the loopback, and says what it took.
@main
struct Load: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Puts a load on a SOCKS5 proxy, or straight on the loopback, and says what it took.",
        subcommands: [Bulk.self, Short.self, Idle.self, UDP.self, UDPStream.self]
    )

    static func main() {
        // sendfile(2) has no flag against the signal that a closed connection raises.
        signal(SIGPIPE, SIG_IGN)
        self.main(nil)
    }
}

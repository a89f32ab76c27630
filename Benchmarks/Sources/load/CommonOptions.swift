import ArgumentParser
import LoadEngine

/// The options that every scenario takes.
struct CommonOptions: ParsableArguments {
    @Option(
        help: "The SOCKS5 proxy to go through, as address:port (IPv4). Left out: straight to the targets.",
        transform: endpoint
    )
    var socks: Endpoint?

    @Option(
        name: .customLong("process"),
        help: "A process to watch, as name=PID. May be repeated.",
        transform: WatchedProcess.init(argument:)
    )
    var processes: [WatchedProcess] = []

    @Flag(help: "Print JSON instead of text.")
    var json = false
}

/// A process whose CPU time and memory the report names.
struct WatchedProcess: Sendable {
    let name: String
    let id: Int32

    init(argument: String) throws {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let id = Int32(parts[1]), id > 0 else {
            throw ValidationError("'\(argument)' is not name=PID")
        }
        self.name = String(parts[0])
        self.id = id
    }
}

private func endpoint(_ text: String) throws -> Endpoint {
    guard let endpoint = Endpoint(text) else { throw ValidationError("'\(text)' is not an IPv4 address and a port") }
    return endpoint
}

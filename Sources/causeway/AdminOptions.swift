import ArgumentParser
import CausewayAdmin
import CausewayBytes
import CausewayConfig
import Glibc

/// How commands reach a running node, and how they print what it says.
struct AdminOptions: ParsableArguments {
    private static let defaultSocket = "/run/causeway/admin.sock"

    @Option(name: .shortAndLong, help: "The node's configuration, which names the socket.", completion: .file())
    var config: String?

    @Option(help: "The path of the admin socket.", completion: .file())
    var socket: String?

    @Option(help: "Host and port of the admin API, of a node on another machine.")
    var address: String?

    @Option(
        help: "The file with the token for --address; else CAUSEWAY_TOKEN of the environment is it.",
        completion: .file()
    )
    var tokenFile: String?

    @Flag(help: "Print JSON, as the admin API gives it.")
    var json = false

    func validate() throws {
        if self.address != nil, self.socket != nil || self.config != nil {
            throw ValidationError("Only one of --address, --socket and --config.")
        }
        if let address = self.address, Address(address) == nil {
            throw ValidationError("--address is not a host and a port, such as 127.0.0.1:9090.")
        }
        if self.tokenFile != nil, self.address == nil { throw ValidationError("--token-file is for --address.") }
    }

    /// Runs `body` with a client. What goes wrong is said on standard error: with status 69 where no node answers, with
    /// 1 where it refuses.
    func ask(_ body: (AdminClient) throws -> Void) throws {
        try Self.ask(try self.place(), body)
    }

    /// The same for a place that is known otherwise.
    static func ask(_ place: AdminClient.Place, _ body: (AdminClient) throws -> Void) throws {
        do {
            try body(AdminClient(place))
        } catch let error as AdminError {
            StandardError.write("causeway: \(error)\n")
            if case .refused = error { throw ExitStatus.failure }
            throw ExitStatus.unavailable
        }
    }

    private func place() throws -> AdminClient.Place {
        if let address = self.address.flatMap({ Address($0) }) {
            return .remote(address, token: try AdminToken.ofUser(file: self.tokenFile))
        }
        return .socket(path: try self.path())
    }

    private func path() throws -> String {
        if let socket = self.socket { return socket }
        guard let file = self.config else { return Self.defaultSocket }
        guard let path = try ConfigurationFile.load(file).admin.socket else {
            throw Self.noSocket(in: file)
        }
        return path
    }

    /// Says that a configuration has no socket to ask at, and what to end with.
    static func noSocket(in file: String) -> ExitCode {
        StandardError.write("causeway: \(file) has no admin.socket\n")
        return ExitStatus.configuration
    }

    /// To a terminal, unless the user wants none (https://no-color.org).
    static var hasColours: Bool {
        isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
    }
}

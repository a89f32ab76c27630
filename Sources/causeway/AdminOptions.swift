import ArgumentParser
import CausewayAdmin
import CausewayConfig
import Glibc

/// How commands reach a running node, and how they print what it says.
struct AdminOptions: ParsableArguments {
    private static let defaultSocket = "/run/causeway/admin.sock"

    @Option(name: .shortAndLong, help: "The node's configuration, which names the socket.", completion: .file())
    var config: String?

    @Option(help: "The path of the admin socket.", completion: .file())
    var socket: String?

    @Flag(help: "Print JSON, as the admin API gives it.")
    var json = false

    /// Runs `body` with a client. What goes wrong is said on standard error: with status 69 where no node answers, with
    /// 1 where it refuses.
    func ask(_ body: (AdminClient) throws -> Void) throws {
        do {
            try body(AdminClient(socket: try self.path()))
        } catch let error as AdminError {
            StandardError.write("causeway: \(error)\n")
            if case .refused = error { throw ExitStatus.failure }
            throw ExitStatus.unavailable
        }
    }

    private func path() throws -> String {
        if let socket = self.socket { return socket }
        guard let file = self.config else { return Self.defaultSocket }
        guard let path = try ConfigurationFile.load(file).admin.socket else {
            StandardError.write("causeway: \(file) has no admin.socket\n")
            throw ExitStatus.configuration
        }
        return path
    }

    /// To a terminal, unless the user wants none (https://no-color.org).
    static var hasColours: Bool {
        isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
    }
}

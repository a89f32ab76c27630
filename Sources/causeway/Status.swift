import ArgumentParser
import CausewayAdmin
import CausewayConfig
import Glibc

/// `causeway status`: what a running node is doing.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show listeners, exits, health and sessions of a running node.",
        discussion: "Asks over the admin socket of the configuration, or the one that --socket names."
    )

    static let defaultSocket = "/run/causeway/admin.sock"

    @Option(name: .shortAndLong, help: "The node's configuration, which names the socket.")
    var config: String?

    @Option(help: "The path of the admin socket.")
    var socket: String?

    @Flag(help: "Print JSON, as the admin API gives it.")
    var json = false

    func run() throws {
        let client = AdminClient(socket: try self.path())
        do throws(AdminError) {
            if self.json {
                print(try client.text(of: "/v1/status"), terminator: "")
            } else {
                let text = StatusText(status: try client.status(), hasColours: Self.hasColours)
                for line in text.lines() { print(line) }
            }
        } catch {
            StandardError.write("causeway: \(error)\n")
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
    private static var hasColours: Bool {
        isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
    }
}

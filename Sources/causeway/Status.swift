import ArgumentParser
import CausewayAdmin

/// `causeway status`: what a running node is doing.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show listeners, exits, health and sessions of a running node.",
        discussion: "Asks over the admin socket of the configuration, or the one that --socket names."
    )

    @OptionGroup var admin: AdminOptions

    func run() throws {
        try self.admin.ask { client in
            if self.admin.json { return print(try client.text(of: "/v1/status"), terminator: "") }
            let text = StatusText(status: try client.status(), hasColours: AdminOptions.hasColours)
            for line in text.lines() { print(line) }
        }
    }
}

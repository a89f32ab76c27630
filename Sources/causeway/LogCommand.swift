import ArgumentParser
import CausewayAdmin
import CausewayConfig

/// `causeway log`: makes a running node say more or less.
struct LogCommand: ParsableCommand {
    private static let levels = Configuration.Log.Level.allCases.map(\.rawValue)

    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Show how much a running node logs, or make it log more or less.",
        discussion: "Holds until the next reload, which does as the configuration says, or the node's end."
    )

    @Argument(
        help: "The least severe event to log: \(Self.levels.joined(separator: ", ")).",
        completion: .list(Self.levels)
    )
    var level: String?
    @OptionGroup var admin: AdminOptions

    func validate() throws {
        if let level = self.level, !Self.levels.contains(level) {
            throw ValidationError("The level is one of \(Self.levels.joined(separator: ", ")).")
        }
    }

    func run() throws {
        try self.admin.ask { client in
            let setting =
                if let level = self.level {
                    try client.send("PUT", "/v1/log", LogSetting(level: level), as: LogSetting.self)
                } else {
                    try client.get("/v1/log", as: LogSetting.self)
                }
            if self.admin.json { return try JSONText.print(setting) }
            print(setting.level)
        }
    }
}

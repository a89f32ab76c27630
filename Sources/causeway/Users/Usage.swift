import ArgumentParser
import CausewayAdmin

/// `causeway usage`: what users have used.
struct Usage: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what users have used, in this cycle or over time."
    )

    @Argument(help: "The user's name; all users where there is none.") var name: String?
    @Flag(help: "By cycles.") var cycle = false
    @Flag(help: "By days.") var daily = false
    @Flag(help: "By hours.") var hourly = false
    @OptionGroup var admin: AdminOptions

    func validate() throws {
        if [self.cycle, self.daily, self.hourly].count(where: { $0 }) > 1 {
            throw ValidationError("Only one of --cycle, --daily and --hourly.")
        }
        if self.name == nil, self.cycle || self.daily || self.hourly {
            throw ValidationError("Name a user to see usage over time.")
        }
    }

    func run() throws {
        try self.admin.ask { client in
            guard let name = self.name else {
                if self.admin.json { return print(try client.text(of: "/v1/users"), terminator: "") }
                for line in UserText.table(try client.get("/v1/users", as: [UserStatus].self)) { print(line) }
                return
            }
            let unit = self.daily ? "day" : self.hourly ? "hour" : "cycle"
            let target = AdminClient.path(ofUser: name) + "/usage?by=\(unit)"
            if self.admin.json { return print(try client.text(of: target), terminator: "") }
            for line in UserText.periods(try client.get(target, as: UsageReport.self)) { print(line) }
        }
    }
}

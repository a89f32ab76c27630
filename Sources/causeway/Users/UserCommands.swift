import ArgumentParser
import CausewayAdmin
import CausewayBytes

/// `causeway user add`.
struct UserAdd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a user, and print the new key."
    )

    @Argument(help: "The user's name.") var name: String
    @OptionGroup var plan: PlanOptions
    @Option(help: "The key in base64; a new one where none is given.") var key: String?
    @Option(help: "Bytes of a new key: 16 or 32, as the listeners' method wants it.") var keyBytes = 16
    @Flag(help: "Add the user disabled.") var disabled = false
    @OptionGroup var admin: AdminOptions

    func run() throws {
        guard self.keyBytes == 16 || self.keyBytes == 32 else { throw ValidationError("--key-bytes is 16 or 32.") }
        var change = UserChange(name: self.name)
        try self.plan.fill(&change)
        change.keys = [self.key ?? Base64.encode((0..<self.keyBytes).map { _ in UInt8.random(in: .min ... .max) })]
        if self.disabled { change.enabled = false }
        let added = change
        try self.admin.ask { client in
            let user = try client.send("POST", "/v1/users", added, as: UserStatus.self)
            let keys = try client.get(AdminClient.path(ofUser: self.name) + "/keys", as: UserKeys.self)
            if self.admin.json { return try JSONText.print(keys) }
            for line in UserText.lines(user) { print(line) }
            print("key        \(keys.keys.first?.key ?? "-")")
        }
    }
}

/// `causeway user set`.
struct UserSet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a user's plan, and print what is different."
    )

    @Argument(help: "The user's name.") var name: String
    @OptionGroup var plan: PlanOptions
    @Flag(inversion: .prefixedEnableDisable, help: "Let the user in, or keep the user out.") var access: Bool?
    @OptionGroup var admin: AdminOptions

    func run() throws {
        var change = UserChange()
        try self.plan.fill(&change)
        change.enabled = self.access
        let asWritten = change
        try self.admin.ask { client in
            let path = AdminClient.path(ofUser: self.name)
            var wanted = asWritten
            if self.plan.namesDayWithoutZone {
                try self.plan.fill(&wanted, zone: try client.get(path, as: UserStatus.self).zone)
            }
            try UserText.report(try client.send("PATCH", path, wanted, as: UserChanged.self), json: self.admin.json)
        }
    }
}

/// `causeway user list`.
struct UserList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the users.")

    @OptionGroup var admin: AdminOptions

    func run() throws {
        try self.admin.ask { client in
            if self.admin.json { return print(try client.text(of: "/v1/users"), terminator: "") }
            for line in UserText.table(try client.get("/v1/users", as: [UserStatus].self)) { print(line) }
        }
    }
}

/// `causeway user show`.
struct UserShow: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one user.")

    @Argument(help: "The user's name.") var name: String
    @OptionGroup var admin: AdminOptions

    func run() throws {
        try self.admin.ask { client in
            let path = AdminClient.path(ofUser: self.name)
            if self.admin.json { return print(try client.text(of: path), terminator: "") }
            for line in UserText.lines(try client.get(path, as: UserStatus.self)) { print(line) }
        }
    }
}

/// `causeway user remove`.
struct UserRemove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a user with everything that is known of it."
    )

    @Argument(help: "The user's name.") var name: String
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @OptionGroup var admin: AdminOptions

    func run() throws {
        if !self.yes {
            print("Remove \(self.name), with the history of what was used? [y/N] ", terminator: "")
            guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
                print("Nothing was removed.")
                throw ExitStatus.failure
            }
        }
        try self.admin.ask { client in
            try client.delete(AdminClient.path(ofUser: self.name))
            if !self.admin.json { print("removed \(self.name)") }
        }
    }
}

/// `causeway user rotate`.
struct UserRotate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Give a user a new key, and print it.",
        discussion: "The old keys open nothing any more, and sessions that they opened end, unless there is an overlap."
    )

    @Argument(help: "The user's name.") var name: String
    @Option(help: "How long the old keys stay good, such as \"7 d\".") var overlap: String?
    @OptionGroup var admin: AdminOptions

    func run() throws {
        var rotation = Rotation()
        if let text = self.overlap {
            guard let interval = Interval(text) else {
                throw ValidationError("--overlap: \"\(text)\" is not a length of time such as \"7 d\".")
            }
            rotation.overlap = UInt64(interval.nanoseconds / 1_000_000_000)
        }
        let wanted = rotation
        try self.admin.ask { client in
            let path = AdminClient.path(ofUser: self.name) + "/rotate"
            let keys = try client.send("POST", path, wanted, as: UserKeys.self)
            if self.admin.json { return try JSONText.print(keys) }
            for key in keys.keys {
                print(key.expires.map { "\(key.key)  until \(UserText.time($0))" } ?? key.key)
            }
        }
    }
}

/// `causeway user reset`.
struct UserReset: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Forget what a user has used of this cycle's quota."
    )

    @Argument(help: "The user's name.") var name: String
    @OptionGroup var admin: AdminOptions

    func run() throws {
        try self.admin.ask { client in
            let path = AdminClient.path(ofUser: self.name) + "/reset"
            let changed = try client.send("POST", path, UserChange?.none, as: UserChanged.self)
            try UserText.report(changed, json: self.admin.json)
        }
    }
}

/// `causeway user topup`.
struct UserTopUp: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topup",
        abstract: "Add bytes to a user's quota until the end of the cycle."
    )

    @Argument(help: "The user's name.") var name: String
    @Argument(help: "How much, such as \"50 GB\".") var amount: String
    @OptionGroup var admin: AdminOptions

    func run() throws {
        guard let count = ByteCount(self.amount), count.bytes > 0 else {
            throw ValidationError("\"\(self.amount)\" is not a number of bytes such as \"50 GB\".")
        }
        try self.admin.ask { client in
            let path = AdminClient.path(ofUser: self.name) + "/topup"
            let changed = try client.send("POST", path, TopUp(bytes: count.bytes), as: UserChanged.self)
            try UserText.report(changed, json: self.admin.json)
        }
    }
}

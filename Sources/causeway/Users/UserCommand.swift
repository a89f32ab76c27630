import ArgumentParser

/// `causeway user`: the users of a running node.
struct UserCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Add, show, change and remove users of a running node.",
        discussion: "Asks over the admin socket. A change holds at once, for sessions that are open too.",
        subcommands: [
            UserAdd.self, UserSet.self, UserList.self, UserShow.self, UserRemove.self, UserRotate.self, UserReset.self,
            UserTopUp.self,
        ]
    )
}

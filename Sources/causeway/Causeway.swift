import ArgumentParser

/// The command line: one subcommand per file.
@main
struct Causeway: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "causeway",
        abstract: "A cross-border relay and tunnel proxy.",
        discussion: ExitStatus.documentation,
        version: Version.text,
        subcommands: [
            Run.self, Check.self, Reload.self, DrainCommand.self, UpgradeCommand.self, Status.self, LogCommand.self,
            Sessions.self,
            UserCommand.self,
            Usage.self,
            ShareCommand.self, RebootGuardCommand.self,
            Probe.self, BrutalCommand.self, Keygen.self, Token.self, ShowVersion.self,
        ]
    )
}

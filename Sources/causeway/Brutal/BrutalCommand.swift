import ArgumentParser
import CausewayBrutal

/// `causeway brutal`: TCP Brutal in the kernel, without a module.
struct BrutalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "brutal",
        abstract: "Bring TCP Brutal into the kernel, as a BPF program.",
        discussion: """
            A node with "algorithm: brutal" uses what the kernel has: this, once it is loaded, or the module. Loading \
            wants root, and stays until the host goes down; nodes want no privilege for it.
            """,
        subcommands: [Load.self, Unload.self, Status.self]
    )

    struct Pins: ParsableArguments {
        @Option(help: ArgumentHelp("The folder that holds it, in a BPF file system.", visibility: .hidden))
        var pins = BrutalProgram.customaryFolder
    }

    struct Load: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Load it, in the place of another version if there is one."
        )

        @Option(help: "The cgroup whose processes may use it; all where none is given.") var cgroup: String?
        @OptionGroup var pins: Pins

        func run() throws {
            try BrutalCommand.attempt { () throws(BrutalFailure) in
                let isNew = try BrutalProgram(folder: self.pins.pins).load(cgroup: self.cgroup)
                print(isNew ? "loaded" : "loaded already")
            }
        }
    }

    struct Unload: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take it out; sockets that have it keep it until they close."
        )

        @OptionGroup var pins: Pins

        func run() throws {
            try BrutalCommand.attempt { () throws(BrutalFailure) in
                print(try BrutalProgram(folder: self.pins.pins).unload() ? "unloaded" : "was not loaded")
            }
        }
    }

    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether the kernel has it, and from whom. Status 1 where it has not."
        )

        @OptionGroup var pins: Pins

        func run() throws {
            let state = BrutalProgram(folder: self.pins.pins).state
            switch (BrutalProgram.isRegistered, state) {
            case (true, .loaded): print("in the kernel, by this version of causeway")
            case (true, .other):
                print("in the kernel, by another version of causeway: causeway brutal load replaces it")
            case (true, .absent): print("in the kernel, by somebody else, such as its module")
            case (false, _):
                print("not in the kernel")
                throw ExitCode.failure
            }
        }
    }

    /// Runs `body`; a failure is said, and ends the command.
    private static func attempt(_ body: () throws(BrutalFailure) -> Void) throws {
        do throws(BrutalFailure) {
            try body()
        } catch {
            StandardError.write("causeway: \(error)\n")
            throw ExitStatus.unavailable
        }
    }
}

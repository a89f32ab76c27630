import ArgumentParser

/// What the process ends with, after sysexits(3).
enum ExitStatus {
    /// What was looked at does not work or is not there, or a node, or somebody asked, said no.
    static let failure = ExitCode(1)
    /// Something that is needed is taken or refused: an address, a port below 1024, the answer of a node.
    static let unavailable = ExitCode(69)
    /// The system cannot give what every node needs: descriptors, threads, memory.
    static let systemError = ExitCode(71)
    /// The configuration cannot be run; every reason is on standard error.
    static let configuration = ExitCode(78)

    static let documentation = """
        Exit status: 0 done; 1 what was looked at does not work or a node refused; 64 wrong usage; 69 an address cannot \
        be listened on, the ledger or the BPF program cannot be had or no node answers; 71 the system refuses what every node needs; 78 the configuration cannot be run.
        """
}

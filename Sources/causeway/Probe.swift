import ArgumentParser
import CausewayConfig
import CausewayNode
import FoundationEssentials

/// `causeway probe`: walks the chains of a configuration and shows each hop's time.
struct Probe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Walk the tunnels of a configuration and show the time of each hop.",
        discussion: """
            Needs no running node. For each tunnel exit: the connection to the next hop, the round trip to the tunnel's \
            far end, and a page fetched through it. Ends with status 1 when a hop fails.
            """
    )

    @OptionGroup var file: ConfigurationFile

    @Option(name: .customLong("exit"), help: "A tunnel exit to probe, several times for several (all by default).")
    var exits: [String] = []

    @Option(help: "The page to fetch, http only.")
    var url = Configuration.Exit.Check.defaultURL

    @Option(help: "Seconds that each step may take.")
    var timeout = 10

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (1...600).contains(self.timeout) else { throw ValidationError("--timeout is 1 to 600") }
    }

    func run() throws {
        let configuration = try self.file.load()
        let chains: [ChainProbe.Chain]
        do {
            let probe = try ChainProbe(
                configuration: configuration,
                exits: self.exits,
                url: self.url,
                timeout: self.timeout
            )
            chains = try probe.walk()
        } catch let error as ChainProbe.ProbeError {
            throw ValidationError("\(error)")
        } catch {
            StandardError.write("causeway: \(error)\n")
            throw ExitStatus.systemError
        }
        if self.json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(chains), as: UTF8.self))
        } else {
            for line in Self.text(chains) { print(line) }
        }
        guard chains.allSatisfy(\.works) else { throw ExitStatus.failure }
    }

    static func text(_ chains: [ChainProbe.Chain]) -> [String] {
        var table = Table([("exit", .left), ("hop", .left), ("address", .left), ("time", .right), ("", .left)])
        for chain in chains {
            for (index, hop) in chain.hops.enumerated() {
                let time = hop.milliseconds.map { Quantities.milliseconds($0) } ?? "-"
                table.append([index == 0 ? chain.exit : "", hop.name, hop.address, time, hop.failure ?? ""])
            }
        }
        return table.lines()
    }
}

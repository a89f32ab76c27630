import ArgumentParser
import CausewayCrypto

/// `causeway version`: what is running, for a report of a mistake.
struct ShowVersion: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the versions of Causeway and of what it is built on."
    )

    func run() {
        print("causeway \(Version.text)")
        print("Swift \(Version.swift)")
        print(openSSLVersion())
        print("AEAD: \(aeadInForce)")
    }
}

import ArgumentParser
import CausewayBytes
import CausewayCrypto

/// `causeway token`: a new token for the admin API.
struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a new random token for the admin API, and its digest for the configuration.",
        discussion: "The node keeps the digest alone (admin.tokens); the token is for --token-file or CAUSEWAY_TOKEN."
    )

    func run() throws {
        let token = AdminToken.random()
        guard let digest = TokenDigest(of: token) else { throw ExitStatus.failure }
        print("token   \(token)")
        print("digest  \(digest)")
    }
}

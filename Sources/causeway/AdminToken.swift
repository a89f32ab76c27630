import ArgumentParser
import CausewayBytes
import FoundationEssentials
import Glibc

/// Tokens of the admin API at the command line.
enum AdminToken {
    private static let variable = "CAUSEWAY_TOKEN"

    /// 256 bits as base64 without what URLs and shells mind (RFC 4648 section 5).
    static func random() -> String {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        return Base64.encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// The token in `file`, or in the environment; what is wrong with it is said on standard error, with status 64.
    static func ofUser(file: String?) throws -> String {
        let text: String
        if let file {
            do {
                text = try String(contentsOfFile: file, encoding: .utf8)
            } catch {
                throw self.refusal("cannot read the token in \(file)")
            }
        } else if let value = getenv(self.variable) {
            text = String(cString: value)
        } else {
            throw self.refusal("--address wants a token, by --token-file or \(self.variable)")
        }
        let token = text.utf8.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed()
        guard !token.isEmpty, token.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw self.refusal("the token is not one word of ASCII")
        }
        return String(decoding: Array(token), as: UTF8.self)
    }

    private static func refusal(_ reason: String) -> ExitCode {
        StandardError.write("causeway: \(reason)\n")
        return .validationFailure
    }
}

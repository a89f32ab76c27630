import CausewayBytes
import CausewayCore

extension RebootGuardConfiguration {
    /// What the guard would do, for people to read, and never a token.
    public var summary: String {
        let wanted =
            switch self.wanted {
            case .file(let path): "while there is \(path)"
            case .command(let command): "while \(command) ends with 0"
            }
        let lock =
            switch self.lock {
            case .file(let path): "the file \(path)"
            case .http(let url, let token):
                "http://\(url.target)\(url.path)\(token == nil ? "" : ", with a token")"
            }
        let sockets = self.drain.sockets.isEmpty ? "none" : self.drain.sockets.joined(separator: ", ")
        return [
            "reboot guard \(self.name)",
            "  wanted: \(wanted), looked at every \(self.every)",
            "  window: \(self.window.map { "\($0)" } ?? "always")",
            "  health: \(self.health.map { "\($0)" } ?? "not asked")",
            "  lock: \(lock)",
            "  drain: \(sockets); deadline \(self.drain.deadline)",
            "  reboot: \(self.reboot)",
            "  resume: \(self.resume.map { "\($0)" } ?? "nothing")",
            "  state: \(self.state)",
        ].joined(separator: "\n")
    }
}

extension RebootGuardConfiguration.Command: CustomStringConvertible {
    public var description: String { self.words.joined(separator: " ").printable }
}

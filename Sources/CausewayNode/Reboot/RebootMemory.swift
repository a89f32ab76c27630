import CausewayCore
import CausewayIO

/// What a reboot guard has to know after the reboot: one line in a file.
struct RebootMemory {
    private let path: String

    init(directory: String) throws(SystemCallError) {
        try SmallFile.makeDirectory(directory)
        self.path = "\(directory)/reboot"
    }

    /// `nil` where nothing is on its way, and where the file holds something else.
    func read() throws(SystemCallError) -> RebootGuard.Memory? {
        let words = try SmallFile.read(self.path)?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
        guard words.count == 2, let state = RebootGuard.Memory.State(rawValue: words[0]) else { return nil }
        return RebootGuard.Memory(state: state, boot: words[1])
    }

    func write(_ memory: RebootGuard.Memory?) throws(SystemCallError) {
        guard let memory else { return try SmallFile.remove(self.path) }
        try SmallFile.write("\(memory.state.rawValue) \(memory.boot)\n", to: self.path)
    }
}

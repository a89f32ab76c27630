import Foundation
import TestSupport

/// TCP Brutal in this machine's kernel, as long as a test wants it: loaded by its own command into a BPF file system that
/// nobody else sees, and taken out with the test.
final class BrutalKernel {
    private let directory: TemporaryDirectory
    private let holder: ChildProcess
    private var folder: String { self.directory.file("bpf") + "/causeway" }

    /// Why it cannot be had here; `nil` where it can. On a machine that has another one, or none of what is wanted.
    static let obstacle: String? = {
        if geteuid() != 0 { return "only root loads BPF programs" }
        do {
            _ = try BrutalKernel()
            return nil
        } catch {
            return "\(error)"
        }
    }()

    init() throws {
        self.directory = try TemporaryDirectory()
        let place = self.directory.file("bpf")
        let script = "mkdir '\(place)' && mount -t bpf bpf '\(place)' && echo ready && exec sleep 900"
        let holder = try ChildProcess(["unshare", "--mount", "--propagation", "private", "sh", "-c", script])
        self.holder = holder
        let isUp = Deadline.wait(20) { holder.exitStatus != nil || holder.output.starts(with: Array("ready".utf8)) }
        guard isUp, holder.exitStatus == nil else { throw TestFailure("no BPF file system: \(holder.errorText)") }
        let loaded = try self.brutal("load")
        guard loaded.succeeded else { throw TestFailure(loaded.errorText) }
    }

    deinit {
        _ = try? self.brutal("unload")
    }

    /// Runs `causeway brutal`, with what came before it on the command line.
    func brutal(_ command: String, by prefix: [String] = []) throws -> Command {
        try Command.run(
            ["nsenter", "--mount=/proc/\(self.holder.pid)/ns/mnt"] + prefix
                + [Binaries.causeway, "brutal", command, "--pins", self.folder]
        )
    }
}

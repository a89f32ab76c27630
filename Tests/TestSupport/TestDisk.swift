import Foundation

/// A small disk of the test's own, which can be full or fail. It is mounted in a mount namespace that a process holds,
/// and is gone with that.
public final class TestDisk: Sendable {
    public enum Kind: Sendable {
        case memory
        /// A file system with a journal, on a loop device.
        case ext4
    }

    /// Bytes that it has room for.
    private static let size = 16 << 20
    /// Seconds after which it is gone, whatever happens.
    private static let lifetime = 900

    /// Where it is, for programs that run by `prefix`.
    public let path: String
    private let directory: TemporaryDirectory
    private let holder: ChildProcess

    /// Whether this machine lets such disks be made.
    public static let isPossible: Bool = (try? TestDisk(.ext4)) != nil

    public init(_ kind: Kind) throws {
        self.directory = try TemporaryDirectory()
        self.path = self.directory.file("disk")
        let image = self.directory.file("image")
        let mount =
            switch kind {
            case .memory: "mount -t tmpfs -o size=\(Self.size) causeway-test '\(self.path)'"
            case .ext4:
                "truncate -s \(Self.size) '\(image)' && mkfs.ext4 -q '\(image)' && mount -o loop '\(image)' '\(self.path)'"
            }
        let script = "mkdir '\(self.path)' && \(mount) && echo ready && exec sleep \(Self.lifetime)"
        let holder = try ChildProcess(["unshare", "--mount", "--propagation", "private", "sh", "-c", script])
        self.holder = holder
        let isUp = Deadline.wait(20) { holder.exitStatus != nil || holder.output.starts(with: Array("ready".utf8)) }
        guard isUp, holder.exitStatus == nil else { throw TestFailure("no disk: \(holder.errorText)") }
    }

    /// What to put before a command that is to see the disk.
    public var prefix: [String] { ["nsenter", "--mount=/proc/\(self.holder.pid)/ns/mnt"] }

    private var filler: String { "\(self.path)/filler" }

    /// Leaves no room.
    public func fill() throws {
        let filled = try Command.run(self.prefix + ["dd", "if=/dev/zero", "of=\(self.filler)", "bs=4k"])
        guard filled.errorText.contains("No space left") else { throw TestFailure(filled.errorText) }
    }

    /// Takes back what was filled.
    public func free() throws {
        guard try Command.run(self.prefix + ["rm", self.filler]).succeeded else { throw TestFailure("not freed") }
    }

    /// From now on every write fails, as with a device that is gone (EXT4_IOC_SHUTDOWN).
    public func fail() throws {
        let program = """
            import fcntl, os, struct, sys
            fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))
            """
        let failed = try Command.run(self.prefix + ["python3", "-c", program, self.path])
        guard failed.succeeded else { throw TestFailure(failed.errorText) }
    }
}

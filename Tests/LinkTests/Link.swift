import Foundation
import TestSupport

/// Two network namespaces with a long link between them, made by the test and gone with it. The near end has 10.77.0.1,
/// the far end 10.77.0.2.
final class Link: Sendable {
    static let farAddress = "10.77.0.2"

    let near: String
    let far: String
    private let emulator: ChildProcess

    /// Whether this machine lets namespaces and TUN devices be made.
    static let isPossible: Bool = {
        let name = "causeway-\(getpid())-try"
        guard geteuid() == 0, access("/dev/net/tun", R_OK | W_OK) == 0, Binaries.exists("ip"),
            (try? Command.run(["ip", "netns", "add", name]))?.succeeded == true
        else { return false }
        return (try? Command.run(["ip", "netns", "del", name]))?.succeeded == true
    }()

    /// - Parameters:
    ///   - delay: milliseconds that a packet is on its way in one direction.
    ///   - rate: Mbit/s; 0 for no limit.
    ///   - loss: per cent of the packets that do not arrive.
    init(delay: Int, rate: Int = 0, loss: Int = 0) throws {
        let name = "causeway-\(getpid())"
        self.near = "\(name)-near"
        self.far = "\(name)-far"
        for name in [self.near, self.far] {
            let made = try Command.run(["ip", "netns", "add", name])
            guard made.succeeded else { throw TestFailure("ip netns add: \(made.errorText)") }
        }
        let emulator = try ChildProcess([
            Binaries.bundled("link-emulator"), self.near, self.far, "\(delay)", "\(rate)", "\(loss)",
        ])
        self.emulator = emulator
        guard
            Deadline.wait(
                20,
                until: { emulator.exitStatus != nil || emulator.output.starts(with: Array("ready".utf8)) }
            ),
            emulator.exitStatus == nil
        else { throw TestFailure("the link is not up: \(emulator.errorText)") }
    }

    deinit {
        self.emulator.kill()
        for name in [self.near, self.far] { _ = try? Command.run(["ip", "netns", "del", name]) }
    }

    /// Starts a program in the namespace and waits until something listens there on `port`.
    func start(_ arguments: [String], in namespace: String, port: UInt16) throws -> ChildProcess {
        let process = try ChildProcess(["ip", "netns", "exec", namespace] + arguments)
        let isUp = Deadline.wait(30) {
            process.exitStatus != nil || ProcessStatus(pid: process.pid).seesListener(port: port)
        }
        guard isUp, process.exitStatus == nil else {
            throw TestFailure("\(arguments.joined(separator: " ")) does not run:\n\(process.errorText)")
        }
        return process
    }
}

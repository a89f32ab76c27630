import CausewayBytes
import CausewayIO
import Glibc
import Synchronization

/// The old process's part of the talk with the new one.
final class HandOverAttempt: Sendable {
    /// Time that the new process has for each thing it says.
    private static let patience = Interval.seconds(30)
    /// Tenths of a second that it has to end by itself, where it has come to nothing.
    private static let lastTenths = 50

    private let line: MessageSocket
    private let process = Mutex<Int32?>(nil)

    /// Starts the new process.
    init(of program: DetachedProgram) throws(HandOverFailure) {
        do throws(SystemCallError) {
            let (near, far) = try MessageSocket.pair()
            self.line = near
            var program = program
            program.environment.removeAll { entry in
                Inheritance.ownVariables.contains { entry.hasPrefix("\($0)=") }
            }
            program.environment.append("\(Inheritance.variable)=\(DetachedProgram.descriptor)")
            try program.start(with: far.descriptor)
        } catch {
            throw HandOverFailure("\(program.path) cannot be started: \(error.reason)")
        }
    }

    func offer(loops: Int, _ sockets: [Descriptor]) throws(HandOverFailure) {
        try self.line.send(.offer(HandOverMessage.Offer(loops: loops, sockets: sockets.count)))
        var rest = sockets[...]
        while !rest.isEmpty {
            try self.line.send(.sockets, passing: Array(rest.prefix(MessageSocket.maximumDescriptors)))
            rest = rest.dropFirst(MessageSocket.maximumDescriptors)
        }
    }

    /// Waits until the new process is ready for everything.
    ///
    /// - Returns: its number.
    func preparation() throws(HandOverFailure) -> Int32 {
        guard case (.prepared(let process), _) = try self.line.hear(within: Self.patience), process > 0 else {
            throw HandOverFailure("the new process is not ready")
        }
        self.process.withLock { $0 = process }
        return process
    }

    /// Leaves everything to the new process, and waits until it takes connections.
    func leave(_ estate: HandOverMessage.Estate, _ descriptors: [Descriptor]) throws(HandOverFailure) {
        try self.line.send(.estate(estate), passing: descriptors)
        guard case (.running, _) = try self.line.hear(within: Self.patience) else {
            throw HandOverFailure("the new process takes no connections")
        }
    }

    func settle() throws(HandOverFailure) {
        try self.line.send(.settled)
    }

    /// Sees to it that the new process is gone.
    func end() {
        try? self.line.send(.failed(reason: "the old process has taken back"))
        for _ in 0..<Self.lastTenths {
            if self.line.descriptor.isHungUp { return }
            usleep(100_000)
        }
        // Its number is its own as long as its end of the line is open.
        if let process = self.process.withLock({ $0 }) { kill(process, SIGKILL) }
        for _ in 0..<Self.lastTenths where !self.line.descriptor.isHungUp { usleep(100_000) }
    }
}

import CausewayAdmin
public import CausewayBytes
import CausewayConfig
import CausewayIO
import CausewayLedger
import Dispatch
import Glibc
import Logging
import Synchronization

/// A new process in the place of this one, such as that of a later version: it takes the listening sockets, the ledger
/// and the salts; this one keeps its sessions until they end.
///
/// No connection is refused or lost: from the moment at which this process takes none until the new one does, they wait
/// in the sockets, which both have. Whatever fails on the way, this process goes on as if nothing had been.
extension Node {
    /// Time that the loops have to answer.
    private static let patience = DispatchTimeInterval.seconds(10)
    /// Tenths of a second that an earlier process gets to end.
    private static let tenthsForRoom = 30

    /// Time that datagrams have to be answered which this process has sent on.
    private static let lastAnswers = DispatchTimeInterval.seconds(5)

    /// Why a node has not handed over.
    public struct HandOverError: Error, CustomStringConvertible, Sendable {
        public let description: String
    }

    /// Starts the new process and hands over to it. Returns once it takes connections; the sessions of this one have
    /// `time` from then on, or what the configuration says.
    ///
    /// - Returns: the number of the new process.
    /// - Throws: ``HandOverError``, and then nothing is different.
    @discardableResult
    public func handOver(within time: Interval? = nil) throws -> Int32 {
        let result = self.lock.withLock { _ in
            Result { () throws(HandOverError) in try self.handOverLocked(time) }
        }
        return try result.get()
    }

    /// The same for the admin API.
    func handOver(seconds: Int?) throws(ControlError) -> HandOverReport {
        let result = self.lock.withLock { _ in
            Result { () throws(HandOverError) in try self.handOverLocked(seconds.map { .seconds($0) }) }
        }
        do throws(HandOverError) {
            let process = try result.get()
            return HandOverReport(process: Int(process), sessions: self.sessionCount, secondsLeft: self.secondsLeft)
        } catch {
            throw .unavailable(error.description)
        }
    }

    private func handOverLocked(_ time: Interval?) throws(HandOverError) -> Int32 {
        guard let owner = self.owner, let program = owner.successor else {
            throw HandOverError(description: "the node does not know what to start")
        }
        guard self.shared.drainDeadline == nil else { throw HandOverError(description: "the node is draining") }
        try self.waitForRoom()
        self.logger.notice("handing over", metadata: ["program": "\(program.path)"])
        let attempt: HandOverAttempt
        do throws(HandOverFailure) {
            attempt = try HandOverAttempt(of: program)
        } catch {
            throw self.failed(error.description)
        }
        let process: Int32
        let owners: OwnerPipe
        do throws(HandOverFailure) {
            try attempt.offer(loops: self.workers.count, try self.listeningSockets())
            process = try attempt.preparation()
            self.onLoops { worker in
                for acceptor in worker.acceptors { acceptor.hold() }
                for port in worker.datagramPorts { port.hold() }
            }
            owners = try self.leave(to: attempt)
            owner.handedOver(process)
            try attempt.settle()
        } catch {
            attempt.end()
            self.takeBack()
            throw self.failed(error.description)
        }
        self.retire(owners, within: time ?? self.plan.present.configuration.handover)
        self.logger.notice("handed over", metadata: ["process": "\(process)", "sessions": "\(self.sessionCount)"])
        return process
    }

    /// Waits until the ledger has room for another process that counts, as one that is left by its sessions takes a moment
    /// to end.
    private func waitForRoom() throws(HandOverError) {
        guard let users = self.users.service else { return }
        for _ in 0..<Self.tenthsForRoom {
            if users.hasRoomForAnother { return }
            usleep(100_000)
        }
        guard users.hasRoomForAnother else {
            throw self.failed("\(LedgerError.tooManyProcesses(Ledger.maximumProcesses))")
        }
    }

    private func failed(_ reason: String) -> HandOverError {
        self.logger.error("not handed over, and nothing is different", metadata: ["reason": "\(reason)"])
        return HandOverError(description: reason)
    }

    /// Second descriptors of all sockets that listen, those of a loop after those of another.
    private func listeningSockets() throws(HandOverFailure) -> [Descriptor] {
        let found = Mutex<Result<[[Descriptor]], SystemCallError>>(
            .success(Array(repeating: [], count: self.workers.count))
        )
        self.onLoops { worker in
            let mine = Result { () throws(SystemCallError) in
                var sockets: [Descriptor] = []
                for acceptor in worker.acceptors { sockets.append(try acceptor.duplicate()) }
                for port in worker.datagramPorts { sockets.append(try port.duplicate()) }
                return sockets
            }
            found.withLock { found in
                switch (found, mine) {
                case (.failure, _): break
                case (.success(var all), .success(let sockets)):
                    all[worker.number] = sockets
                    found = .success(all)
                case (.success, .failure(let error)): found = .failure(error)
                }
            }
        }
        do throws(SystemCallError) {
            return try found.withLock { $0 }.get().flatMap { $0 }
        } catch {
            throw HandOverFailure(error.description)
        }
    }

    /// Gives salts and ledger away, and waits until the other process takes connections.
    private func leave(to attempt: HandOverAttempt) throws(HandOverFailure) -> OwnerPipe {
        let owners: OwnerPipe
        let line: MessageSocket
        let questions: MessageSocket
        let salts: (names: [HandOverMessage.SaltPoolName], file: Descriptor)
        do throws(SystemCallError) {
            if let pipe = self.ownerPipe { owners = pipe } else { owners = try OwnerPipe() }
            (line, questions) = try MessageSocket.pair()
            salts = try SaltInheritance.handOver(self.plan.present.listeners, to: SaltSuccessor.Line(line))
        } catch {
            throw HandOverFailure(error.description)
        }
        var descriptors = [salts.file, questions.descriptor, owners.reading, owners.writing ?? owners.reading]
        var ledger: LedgerSuccession?
        if let users = self.users.service {
            do throws(LedgerError) {
                ledger = try users.handOver()
            } catch {
                throw HandOverFailure(error.description)
            }
            guard let ledger else {
                throw HandOverFailure("usage is kept in memory alone, which no other process can have (ledger.path)")
            }
            descriptors.append(Descriptor(owning: dup(ledger.lock)))
        }
        try attempt.leave(HandOverMessage.Estate(pools: salts.names, ledger: ledger?.directory), descriptors)
        return owners
    }

    /// Goes on as the node, where the other process has come to nothing.
    private func takeBack() {
        SaltInheritance.takeBack(self.plan.present.listeners)
        self.users.service?.takeBack()
        self.onLoops { worker in
            for acceptor in worker.acceptors { acceptor.release() }
            for port in worker.datagramPorts { port.release() }
        }
    }

    /// Is the node no more, and ends with its sessions.
    private func retire(_ owners: OwnerPipe, within time: Interval) {
        self.ownerPipe = OwnerPipe(reading: owners.reading, writing: nil)
        self.users.service?.letGo()
        self.shared.drainDeadline = HostSystem.now + time
        self.shared.loops.execute { $0.retire() }
        let loops = self.shared.loops
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.lastAnswers) {
            loops.execute { $0.leaveDatagrams() }
        }
        // The answer is to be out before the API is gone.
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.lastWord) { [weak self] in
            self?.stopAdmin()
            self?.owner?.end()
        }
    }

    /// Runs `body` on every loop's thread, and waits until all are done.
    private func onLoops(_ body: @escaping @Sendable (Worker) -> Void) {
        let isDone = DispatchSemaphore(value: 0)
        let count = self.shared.loops.execute { worker in
            body(worker)
            isDone.signal()
        }
        let deadline = DispatchTime.now() + Self.patience
        for _ in 0..<count where isDone.wait(timeout: deadline) != .success {
            self.logger.error("a loop is late with a hand-over")
        }
    }

    /// Whether another process is the node.
    public var isSucceeded: Bool { self.lock.withLock { _ in self.ownerPipe.map { $0.writing == nil } ?? false } }

    /// Whether there are users whom nobody bills any more: the process that had taken over has ended. What this one has
    /// counted is billed by the next one, which waits for this one's end.
    public var isOrphaned: Bool {
        guard self.users.service != nil else { return false }
        return self.lock.withLock { _ in self.ownerPipe.map { $0.writing == nil && $0.isWithoutOwner } ?? false }
    }
}

extension Worker {
    /// Ends the associations whose customers are heard by another process, where they have begun anew. On the loop's
    /// thread.
    fileprivate func leaveDatagrams() {
        guard !self.datagramPorts.isEmpty else { return }
        for association in self.datagrams.all where association.control == nil { association.end() }
        for port in self.datagramPorts { port.stop() }
        self.datagramPorts = []
    }

    /// Takes no more connections, which another process does, and looks after no exits. On the loop's thread.
    fileprivate func retire() {
        for acceptor in self.acceptors { acceptor.stop() }
        self.acceptors = []
        self.isDraining = true
        for port in self.datagramPorts { port.stopReceiving() }
        for stock in self.warmStocks { stock?.stop() }
        self.warmStocks = []
        for checker in self.checkers.values { checker.stop() }
        self.checkers = [:]
    }
}

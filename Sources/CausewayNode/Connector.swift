import CausewayBytes
import CausewayCore
import CausewayFronts
import CausewayIO

/// Who waits for a connection.
protocol ConnectorClient: AnyObject {
    /// The connection is made; the socket is watched under the connector's token still and is to be moved to another.
    func connected(_ socket: consuming Socket)
    /// No address could be found or reached.
    func connectFailed(_ failure: ConnectFailure)
}

/// Makes one connection through an exit: asks for the addresses of a name, tries them as `HappyEyeballs` says, and
/// judges every address before it is tried.
final class Connector: EventHandler, ResolutionClient {
    private struct Attempt: ~Copyable {
        var socket = Socket()
    }

    private unowned let client: any ConnectorClient
    private unowned let worker: Worker
    private let exit: Exit
    private let host: Host
    private let port: UInt16
    private let policy: AddressPolicy?
    private let options: DialOptions
    private var eyeballs = HappyEyeballs()
    private var token = HandlerToken.none
    private var timer = TimerWheel.Handle.none
    private var tickets: [Resolver.Ticket] = []
    private var attempts = InlineArray<8, Attempt> { _ in Attempt() }
    /// What the attempts and queries have failed of: the last error is what the customer is told.
    private var failure = ConnectFailure.nameNotResolved
    private var isOver = false

    /// What is connected to.
    var address: Address { Address(host: self.host, port: self.port) }

    /// - Parameters:
    ///   - policy: which addresses may be connected to; `nil` for any.
    ///   - writesFirst: something is written as soon as there is a connection, which may then be made with that.
    init(
        to address: Address,
        by exit: Exit,
        policy: AddressPolicy?,
        writesFirst: Bool = false,
        for client: any ConnectorClient,
        on worker: Worker
    ) {
        self.client = client
        self.worker = worker
        self.exit = exit
        self.host = address.host
        self.port = address.port
        self.policy = policy
        self.options = writesFirst ? exit.dial : exit.dialAtOnce
    }

    func start() {
        self.token = self.worker.loop.register(self)
        switch self.host {
        case .ip(let ip):
            for family in AddressFamily.allCases {
                if family == ip.family {
                    self.eyeballs.resolved(family, [ip], now: self.worker.loop.now)
                } else {
                    self.eyeballs.resolutionFailed(family, now: self.worker.loop.now)
                }
            }
        case .name(let name):
            for family in AddressFamily.allCases {
                if self.exit.families.contains(family) {
                    self.ask(name, family)
                } else {
                    self.eyeballs.resolutionFailed(family, now: self.worker.loop.now)
                }
            }
        }
        self.advance()
    }

    /// Gives up: no answer and no attempt matters any more.
    func cancel() {
        guard !self.isOver else { return }
        self.isOver = true
        for ticket in self.tickets { self.worker.resolver?.cancel(ticket) }
        for index in self.attempts.indices { self.attempts[index].socket.reset() }
        self.worker.loop.cancel(self.timer)
        self.worker.loop.deregister(self.token)
    }

    // MARK: - Names

    private func ask(_ name: DomainName, _ family: AddressFamily) {
        switch self.worker.cachedAnswer(name, family) {
        case .addresses(let addresses): self.eyeballs.resolved(family, addresses, now: self.worker.loop.now)
        case .negative: self.eyeballs.resolutionFailed(family, now: self.worker.loop.now)
        case .none:
            guard let resolver = self.worker.resolver else { return self.note(family, .failed(.closed)) }
            switch resolver.resolve(name, family: family, query: 0, for: self) {
            case .answered(let resolution): self.note(family, resolution)
            case .waiting(let ticket): self.tickets.append(ticket)
            }
        }
    }

    private func note(_ family: AddressFamily, _ resolution: Resolution) {
        switch resolution {
        case .addresses(let addresses, _): self.eyeballs.resolved(family, addresses, now: self.worker.loop.now)
        case .failed: self.eyeballs.resolutionFailed(family, now: self.worker.loop.now)
        }
    }

    func resolved(_ query: UInt32, family: AddressFamily, result: Resolution) {
        guard !self.isOver else { return }
        self.note(family, result)
        self.advance()
    }

    // MARK: - Attempts

    private func advance() {
        while !self.isOver {
            switch self.eyeballs.next(now: self.worker.loop.now) {
            case .connect(let attempt, let ip): self.tryConnecting(attempt, SocketAddress(ip: ip, port: self.port))
            case .wait(let instant):
                self.worker.loop.cancel(self.timer)
                let interval = instant - self.worker.loop.now
                self.timer = self.worker.loop.schedule(after: interval, to: self.token, tag: 0)
                return
            case .waitForEvents: return
            case .done(let attempt): return self.succeed(attempt)
            case .failed:
                self.cancel()
                return self.client.connectFailed(self.failure)
            }
        }
    }

    private func tryConnecting(_ attempt: Int, _ address: SocketAddress) {
        if case .denied(let reason) = self.policy?.verdict(for: address) {
            self.worker.note(.targetDenied, "\(reason)", at: self.exit.name) {
                self.worker.shared.loggedAddresses.facts(client: nil, destination: self.address)
            }
            self.failure = .denied
            return self.eyeballs.attemptFailed(attempt)
        }
        do throws(SystemCallError) {
            self.attempts[attempt].socket = try Socket.connecting(to: address, options: self.options)
            let descriptor = self.attempts[attempt].socket.descriptor
            try self.worker.loop.add(descriptor, .stream, to: self.token, tag: UInt8(attempt))
        } catch {
            self.attempts[attempt].socket.close()
            self.failure = ConnectFailure(error)
            self.eyeballs.attemptFailed(attempt)
        }
    }

    private func succeed(_ attempt: Int) {
        var socket = Socket()
        swap(&socket, &self.attempts[attempt].socket)
        self.cancel()
        self.client.connected(socket)
    }

    // MARK: - EventHandler

    func ready(_ events: ReadyEvents, tag: UInt8) {
        let attempt = Int(tag)
        guard !self.isOver, self.attempts[attempt].socket.isOpen,
            !events.isDisjoint(with: [.writable, .error, .hangUp])
        else { return }
        if events.contains(.error), let error = self.attempts[attempt].socket.pendingError() {
            self.attempts[attempt].socket.close()
            self.failure = ConnectFailure(error)
            self.eyeballs.attemptFailed(attempt)
        } else {
            self.eyeballs.attemptSucceeded(attempt)
        }
        self.advance()
    }

    func timerFired(tag: UInt8) {
        self.timer = .none
        self.advance()
    }

    func resumed() {}
}

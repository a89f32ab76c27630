import CausewayBytes
import CausewayCore
import CausewayFronts
import CausewayIO
import CausewayWire

/// Making the far leg.
extension Session: ConnectorClient {
    /// Opens the far leg towards `target` through the listener's exit.
    func connect(to target: Address) {
        self.noteTarget(target)
        if target.host.isProtocolMarker { return self.deny("\(AddressPolicy.Reason.magicName)") }
        guard let exit = self.listener.exit else { return self.deny("the listener has no exit") }
        self.leave(by: exit, to: target)
    }

    /// Opens the far leg through `exit`; without a target to its next hop, with what the customer has sent.
    func leave(by exit: Exit, to target: Address?) {
        self.controlNearLeg()
        if self.loggedTarget == nil { self.noteTarget(target) }
        switch exit.kind {
        case .group(let group):
            self.begin(Route(group: group, target: target, key: self.hashKey(of: group)))
            guard let member = self.chooseMember(of: group) else { return self.noneIsLeft(of: exit) }
            self.dial(member.exit, to: target)
        case .tunnel, .direct, .block: self.dial(exit, to: target)
        }
    }

    /// Opens the far leg through an exit that is no group.
    func dial(_ exit: Exit, to target: Address?) {
        guard let exit = self.worker.present(exit) else { return self.deny("the exit is gone") }
        self.take(exit)
        self.phase = .connecting(nil)
        switch exit.kind {
        case .direct(let policy):
            guard let target else { return self.deny("a relay leaves by tunnels only") }
            switch policy.verdict(for: target) {
            case .allowed: break
            // No rule of ours, but a name that nobody can have.
            case .denied(.invalidName): return self.connectFailed(.nameNotResolved)
            case .denied(let reason): return self.deny("\(reason)")
            }
            self.open(target, policy: policy)
        case .tunnel(let server, let credentials):
            if let target {
                guard let credentials else { return self.deny("the exit has no keys") }
                let salt = self.worker.salt(for: credentials.method)
                self.up.header = .request(target: target, credentials: credentials, salt: salt)
                self.down.expectedResponse = ResponseHeader.Request(
                    method: credentials.method,
                    key: credentials.userKey,
                    salt: salt
                )
            }
            if exit.warm == 0 || !self.takeWarmSocket(of: exit, to: target) { self.open(server, policy: nil) }
        case .block, .group: self.deny("the exit blocks everything")
        }
    }

    func deny(_ reason: String) {
        self.note(.targetDenied, reason, at: self.exit?.name ?? self.listener.name)
        self.fail(.denied)
    }

    private func open(_ address: Address, policy: AddressPolicy?) {
        guard let exit = self.exit else { return self.abort() }
        self.setTimer(self.connectTimeout(of: exit))
        let writesFirst = self.up.header != nil || !self.up.early.isEmpty
        switch address.host {
        case .ip(let ip):
            do throws(SystemCallError) {
                self.far.socket = try Socket.connecting(
                    to: SocketAddress(ip: ip, port: address.port),
                    options: writesFirst ? exit.dial : exit.dialAtOnce
                )
            } catch {
                return self.connectFailed(ConnectFailure(error))
            }
            self.watch(self.far.socket.descriptor, self.farTag)
        case .name:
            let connector = Connector(
                to: address,
                by: exit,
                policy: policy,
                writesFirst: writesFirst,
                for: self,
                on: self.worker
            )
            self.phase = .connecting(connector)
            connector.start()
        }
    }

    func eventWhileConnecting(_ events: ReadyEvents, _ tag: UInt8, _ connector: Connector?) {
        guard tag == self.farTag else {
            // The customer has reset the connection: nobody waits any more. What it sends, or its FIN, waits.
            if events.contains(.error) { self.abort() }
            return
        }
        guard connector == nil, !events.isDisjoint(with: [.writable, .error, .hangUp]) else { return }
        if events.contains(.error), let error = self.far.socket.pendingError() {
            return self.connectFailed(ConnectFailure(error))
        }
        self.connected()
    }

    /// Takes over the socket of the attempt that won.
    func connected(_ socket: consuming Socket) {
        self.far.socket = socket
        do throws(SystemCallError) {
            try self.worker.loop.modify(self.far.socket.descriptor, .stream, to: self.token, tag: self.farTag)
        } catch {
            return self.abort()
        }
        self.connected()
    }

    /// The far leg is there: answers the application and begins to relay.
    private func connected() {
        self.far.isWritable = true
        self.controlFarLeg()
        self.sendProxyHeader()
        var awaitsPayload = false
        if let stage = self.front {
            let reply = stage.front.succeeded(bound: self.boundAddress)
            self.front = nil
            if !reply.isEmpty { self.say(reply) }
            if case .closed = self.phase { return }
            awaitsPayload = self.mayAwaitPayload
        }
        if awaitsPayload, self.up.early.isEmpty, !self.near.isReadable {
            self.phase = .awaitingPayload
            self.setTimer(Self.payloadWait)
        } else {
            self.startRelaying()
        }
    }

    /// The local address towards the target, where the far leg leads there.
    private var boundAddress: SocketAddress? {
        switch self.exit?.kind {
        case .direct: self.far.socket.localAddress()
        case .tunnel, .group, .block, nil: nil
        }
    }

    func connectFailed(_ failure: ConnectFailure) {
        self.note(.connectFailed, "\(failure)", at: self.exit?.name ?? self.listener.name)
        self.exit?.traffic[self.worker.number].countFailure()
        if case .connecting(let connector) = self.phase { connector?.cancel() }
        if failure != .denied {
            self.blameMember("\(failure)")
            if self.goAnotherWay() { return }
        }
        self.fail(failure)
    }

    /// Answers the customer that there will be no session, as its protocol does: with a reply, or with RST behind a
    /// tunnel, where the peer is a user and may know.
    func fail(_ failure: ConnectFailure) {
        if case .connecting(let connector) = self.phase { connector?.cancel() }
        guard let stage = self.front else { return self.abort() }
        self.refuse(with: stage.front.failed(failure))
    }
}

// MARK: - The first payload

extension Session {
    /// How long the application's first bytes are waited for, so that they ride in the request header.
    static let payloadWait = Interval.milliseconds(10)

    /// Ports where the server speaks first, so that waiting for the client is in vain: FTP, SSH, SMTP, POP3, IMAP,
    /// MySQL.
    private static func isServerFirst(_ port: UInt16) -> Bool {
        switch port {
        case 21, 22, 25, 110, 143, 3306: true
        default: false
        }
    }

    private var mayAwaitPayload: Bool {
        guard case .request(let target, _, _) = self.up.header else { return false }
        return !Self.isServerFirst(target.port)
    }

    func startRelaying() {
        self.phase = .relaying
        self.startRelayTimer()
        self.relay()
        // The request is still here when the application has said nothing: then it goes out bare.
        guard case .relaying = self.phase, case .request = self.up.header else { return }
        if let failure = self.up.sendBareHeader(to: &self.far, on: self.worker) {
            self.ended(by: failure, from: Self.nearTag)
        }
    }

    func payloadDidNotCome() {
        self.startRelaying()
    }
}

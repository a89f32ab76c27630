import CausewayBytes
import CausewayCore
import CausewayFronts
import CausewayIO
import CausewayWire

/// Making the far leg.
extension Session {
    /// Opens the far leg through the listener's exit.
    func connect(to target: Address) {
        let exit = self.listener.exit
        self.phase = .connecting(nil)
        if target.host.isProtocolMarker { return self.deny("\(AddressPolicy.Reason.magicName)") }
        switch exit.kind {
        case .direct(let policy):
            switch policy.verdict(for: target) {
            case .allowed: break
            // No rule of ours, but a name that nobody can have.
            case .denied(.invalidName): return self.connectFailed(.nameNotResolved)
            case .denied(let reason): return self.deny("\(reason)")
            }
            self.connect(to: target, policy: policy)
        case .tunnel(let server, let credentials):
            let salt = self.worker.salt(for: credentials.method)
            self.up.header = .request(target: target, credentials: credentials, salt: salt)
            self.down.expectedResponse = ResponseHeader.Request(
                method: credentials.method,
                key: credentials.userKey,
                salt: salt
            )
            self.connect(to: server, policy: nil)
        case .block:
            self.deny("the exit blocks everything")
        }
    }

    private func deny(_ reason: String) {
        self.worker.note(.targetDenied, reason, at: self.listener.exit.name)
        self.fail(.denied)
    }

    private func connect(to address: Address, policy: AddressPolicy?) {
        self.setTimer(self.listener.exit.connectTimeout)
        switch address.host {
        case .ip(let ip):
            do throws(SystemCallError) {
                self.far.socket = try Socket.connecting(to: SocketAddress(ip: ip, port: address.port))
            } catch {
                return self.connectFailed(ConnectFailure(error))
            }
            self.watch(self.far.socket.descriptor, Self.farTag)
        case .name(let name):
            let connector = Connector(name, port: address.port, policy: policy, session: self)
            self.phase = .connecting(connector)
            connector.start()
        }
    }

    func eventWhileConnecting(_ events: ReadyEvents, _ tag: UInt8, _ connector: Connector?) {
        guard tag == Self.farTag else {
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
            try self.worker.loop.modify(self.far.socket.descriptor, .stream, to: self.token, tag: Self.farTag)
        } catch {
            return self.abort()
        }
        self.far.isWritable = true
        self.connected()
    }

    /// The far leg is there: answers the application and begins to relay.
    private func connected() {
        self.far.isWritable = true
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
        switch self.listener.exit.kind {
        case .direct: self.far.socket.localAddress()
        case .tunnel, .block: nil
        }
    }

    func connectFailed(_ failure: ConnectFailure) {
        self.worker.note(.connectFailed, "\(failure)", at: self.listener.exit.name)
        self.fail(failure)
    }

    /// Answers the customer that there will be no session, as its protocol does: with a reply, or with RST behind a
    /// tunnel, where the peer is a user and may know.
    private func fail(_ failure: ConnectFailure) {
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
        self.startIdleTimer()
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

import CausewayBytes
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayWire

/// The inlet of an association at a `tunnel` listener: one session of a Shadowsocks client.
final class TunnelInlet: Inlet {
    /// Repetitions are told from new datagrams at least as long as their time is good (protocol reference 3.3).
    let memory = Interval.seconds(62)

    unowned let association: Association
    private let key: SessionKey
    private let method: Method
    /// What answers are sealed with.
    private let secret: Secret
    private(set) var customer: Customer
    private var window = PacketWindow()
    /// This end's session, and the number of its next datagram.
    private let session: UInt64
    private var next: UInt64 = 0

    init(_ key: SessionKey, _ method: Method, secret: Secret, customer: Customer, for association: Association) {
        self.key = key
        self.method = method
        self.secret = secret
        self.customer = customer
        self.association = association
        self.session = association.worker.random.nextNonzero()
    }

    func accepts(_ number: UInt64) throws(PacketRefusal) {
        guard self.window.accepts(number) else { throw .replayed }
    }

    /// Takes a datagram that is good in every way: from now on answers go where it came from.
    func take(_ number: UInt64, _ payload: ByteRegion, to target: Address, from customer: Customer) {
        self.window.commit(number)
        if customer.address != self.customer.address {
            guard self.association.follow(to: customer.address) else { return }
        }
        self.customer = customer
        self.association.up(payload, to: target)
    }

    func deliver(_ payload: ByteRegion, from source: Address) {
        let worker = self.association.worker
        let plain = PacketFormat.responseOverhead(self.method, from: source)
        let padding = PacketFormat.padding(
            port: source.port,
            count: plain + payload.count,
            most: self.customer.address.ip.largestUnfragmented,
            random: worker.random.next()
        )
        let overhead = plain + padding
        self.customer.port.send(
            overhead + payload.count,
            payload: payload.count,
            to: self.customer.address,
            from: self.customer.local,
            by: self
        ) { room in
            let start = overhead - tagCount
            room.copy(payload, to: start)
            let range = worker.datagrams.sealer.response(
                room,
                payload: start..<start + payload.count,
                id: PacketID(session: self.session, number: self.next),
                to: self.key.session,
                from: source,
                padding: padding,
                clock: worker.loop.clock,
                self.method,
                key: self.secret,
                nonce: worker.nonce(for: self.method)
            )
            return range.count
        }
        self.next += 1
    }

    func datagramWasNotSent(_ payload: Int, _ error: SystemCallError) {
        self.association.downWasNotSent(payload, error)
    }

    func ready() {}

    func close() {
        self.association.worker.datagrams.table(of: self.association.listener.name).tunnels[self.key] = nil
        self.association.listener.directory.release(self.key)
    }
}

extension DatagramPort {
    /// Judges a datagram in the order that protocol reference 3.3 gives: nothing changes before all of it is good.
    func takeRequest(
        _ datagram: ByteRegion,
        from source: SocketAddress,
        to local: IPAddress?,
        _ tunnel: Listener.Tunnel
    ) {
        let worker = self.worker
        let opener = worker.datagrams.opener
        let users = tunnel.hasUsers ? worker.directory.identities(for: tunnel.method) : nil
        let keys = RequestAcceptor.Keys(method: tunnel.method, serverKey: tunnel.key, users: users)
        do throws(PacketRefusal) {
            let pending = try opener.begin(request: datagram, keys)
            let key = SessionKey(user: pending.user, session: pending.id.session)
            let known = self.table.tunnels[key]
            try known?.accepts(pending.id.number)
            let opened = try opener.open(request: datagram, pending, clock: worker.loop.clock)
            let payload = datagram.region(opened.payload)
            let customer = Customer(port: self, address: source, local: local)
            if let known { return known.take(pending.id.number, payload, to: opened.address, from: customer) }
            let loop = self.listener.directory.loop(of: key) ?? worker.number
            guard loop == worker.number else {
                let mail = DatagramMail(
                    payload: payload.array(),
                    number: pending.id.number,
                    target: opened.address,
                    source: source,
                    local: local
                )
                return self.pass(mail, of: key, to: loop)
            }
            let credential = users.map { _ in UserDirectory.Credential(number: pending.user) }
            guard let inlet = self.begin(key, tunnel.method, pending.key, customer, for: credential) else { return }
            inlet.take(pending.id.number, payload, to: opened.address, from: customer)
        } catch {
            self.refuse(error)
        }
    }

    private func begin(
        _ key: SessionKey,
        _ method: Method,
        _ secret: Secret,
        _ customer: Customer,
        for credential: UserDirectory.Credential?
    ) -> TunnelInlet? {
        let listener = self.listener
        guard
            let association = self.worker.association(
                from: customer.address,
                at: listener,
                by: listener.exit,
                for: credential
            )
        else {
            listener.datagrams[self.worker.number].countDropped()
            return nil
        }
        // Where another loop was first in this moment, the customer's next datagram goes there.
        guard listener.directory.claim(key, for: self.worker.number) == self.worker.number else {
            self.worker.users.leave(association)
            return nil
        }
        let inlet = TunnelInlet(key, method, secret: secret, customer: customer, for: association)
        self.table.tunnels[key] = inlet
        association.begin(inlet)
        return inlet
    }

    /// Gives a datagram to the loop that has its session.
    func pass(_ mail: DatagramMail, of key: SessionKey, to loop: Int) {
        let (listener, address) = (self.listener, self.address)
        guard listener.directory.beginPassing() else {
            return listener.datagrams[self.worker.number].countDropped()
        }
        self.worker.shared.loops.execute(on: loop) { worker in
            listener.directory.endPassing()
            worker.take(mail, of: key, at: listener.name, address)
        }
    }
}

/// A datagram that another loop has heard, found to be good in itself, and opened.
struct DatagramMail: Sendable {
    let payload: [UInt8]
    let number: UInt64
    /// `nil` at a blind relay.
    let target: Address?
    let source: SocketAddress
    let local: IPAddress?
}

extension Worker {
    /// Takes a datagram of a session that this loop has, as if it had heard it. On the loop's thread.
    fileprivate func take(_ mail: DatagramMail, of key: SessionKey, at listener: String, _ address: SocketAddress) {
        guard let port = self.datagramPorts.first(where: { $0.address == address && $0.listener.name == listener })
        else { return }
        let customer = Customer(port: port, address: mail.source, local: mail.local)
        var payload = mail.payload
        payload.withByteRegion { payload in
            do throws(PacketRefusal) {
                if let target = mail.target, let inlet = port.table.tunnels[key] {
                    try inlet.accepts(mail.number)
                    inlet.take(mail.number, payload, to: target, from: customer)
                } else if mail.target == nil, let inlet = port.table.relays[key] {
                    try inlet.take(mail.number, payload, from: customer)
                }
            } catch {
                port.refuse(error)
            }
        }
        self.datagrams.endTurn()
    }

    /// What the ChaCha method wants with each datagram.
    func nonce(for method: Method) -> PacketSealer.RandomNonce {
        guard !method.hasIdentityHeaders else { return (0, 0, 0) }
        return (self.random.next(), self.random.next(), self.random.next())
    }
}

extension RandomSource {
    func nextNonzero() -> UInt64 {
        while true {
            let number = self.next()
            if number != 0 { return number }
        }
    }
}

extension IPAddress {
    /// Bytes of the largest datagram that a path of 1,500 bytes takes whole.
    var largestUnfragmented: Int { self.isV4 ? 1472 : 1452 }
}

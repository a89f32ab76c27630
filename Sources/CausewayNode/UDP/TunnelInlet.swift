import CausewayBytes
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayWire

/// The inlet of an association at a `tunnel` listener: one session of a Shadowsocks client.
final class TunnelInlet: Inlet {
    var memory: Interval { SessionKey.memory }

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
        guard self.association.follow(to: customer, from: &self.customer) else { return }
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
            to: self.customer,
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
            if self.passOn(payload, pending.id.number, of: key, to: opened.address, from: customer) { return }
            let credential = users.map { _ in UserDirectory.Credential(number: pending.user) }
            guard let association = self.claim(key, of: customer, by: self.listener.exit, for: credential) else {
                return
            }
            let inlet = TunnelInlet(key, tunnel.method, secret: pending.key, customer: customer, for: association)
            self.table.tunnels[key] = inlet
            association.begin(inlet)
            inlet.take(pending.id.number, payload, to: opened.address, from: customer)
        } catch {
            self.refuse(error)
        }
    }
}

extension Worker {
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

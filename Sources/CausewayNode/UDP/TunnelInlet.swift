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
    func take(
        _ number: UInt64,
        _ payload: ByteRegion,
        to target: Address,
        from customer: Customer,
        by desk: DatagramDesk
    ) {
        self.window.commit(number)
        let association = self.association
        guard association.follow(to: customer, from: &self.customer) else { return }
        association.up(payload, to: target, by: desk)
    }

    func deliver(_ payload: ByteRegion, from source: Address, by desk: DatagramDesk) {
        let plain = PacketFormat.responseOverhead(self.method, from: source)
        let padding = PacketFormat.padding(
            port: source.port,
            count: plain + payload.count,
            most: self.customer.address.ip.largestUnfragmented,
            random: desk.random.next()
        )
        let overhead = plain + padding
        let (port, count) = (self.customer.port, overhead + payload.count)
        guard let room = port.room(count, payload: payload.count, for: self, by: desk) else { return }
        let start = overhead - tagCount
        room.copy(payload, to: start)
        let range = desk.sealer.response(
            room,
            payload: start..<start + payload.count,
            id: PacketID(session: self.session, number: self.next),
            to: self.key.session,
            from: source,
            padding: padding,
            clock: desk.loop.clock,
            self.method,
            key: self.secret,
            nonce: desk.nonce(for: self.method)
        )
        self.next += 1
        let (address, local) = (self.customer.address, self.customer.local)
        desk.queue.append(range.count, payload: payload.count, to: address, from: local, by: self)
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
        _ keys: RequestAcceptor.Keys,
        by desk: DatagramDesk
    ) {
        do throws(PacketRefusal) {
            let pending = try desk.opener.begin(request: datagram, keys)
            let key = SessionKey(user: pending.user, session: pending.id.session)
            let known = self.table.tunnels[key]
            try known?.accepts(pending.id.number)
            let opened = try desk.opener.open(request: datagram, pending, clock: desk.loop.clock)
            let payload = datagram.region(opened.payload)
            let customer = Customer(port: self, address: source, local: local)
            if let known {
                return known.take(pending.id.number, payload, to: opened.address, from: customer, by: desk)
            }
            if self.passOn(payload, pending.id.number, of: key, to: opened.address, from: customer) { return }
            let credential = keys.users.map { _ in UserDirectory.Credential(number: pending.user) }
            guard let association = self.claim(key, of: customer, by: self.listener.exit, for: credential) else {
                return
            }
            let inlet = TunnelInlet(key, keys.method, secret: pending.key, customer: customer, for: association)
            self.table.tunnels[key] = inlet
            association.begin(inlet)
            inlet.take(pending.id.number, payload, to: opened.address, from: customer, by: desk)
        } catch {
            self.refuse(error)
        }
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

import CausewayBytes
import CausewayCore
import CausewayIO
import CausewayWire

/// The inlet of an association at a blind relay: datagrams go on as they came, but for the headers that are the relay's,
/// and answers byte for byte (protocol reference 3.5).
///
/// The relay cannot tell a customer's datagram from one that somebody has made up around a recorded header. It keeps a
/// window all the same, so that what is repeated goes no farther, and lets answers follow only what is newer than all
/// before.
final class RelayInlet: Inlet {
    let memory = Interval.seconds(62)

    unowned let association: Association
    private let key: SessionKey
    private(set) var customer: Customer
    private var window = PacketWindow()
    private var highest: UInt64 = 0

    init(_ key: SessionKey, customer: Customer, for association: Association) {
        self.key = key
        self.customer = customer
        self.association = association
    }

    func take(_ number: UInt64, _ datagram: ByteRegion, from customer: Customer) throws(PacketRefusal) {
        guard self.window.accepts(number) else { throw .replayed }
        self.window.commit(number)
        if number >= self.highest {
            self.highest = number
            if customer.address != self.customer.address {
                guard self.association.follow(to: customer.address) else { return }
            }
            self.customer = customer
        }
        self.association.up(datagram, to: nil)
    }

    func deliver(_ payload: ByteRegion, from source: Address) {
        self.customer.port.send(
            payload.count,
            payload: payload.count,
            to: self.customer.address,
            from: self.customer.local,
            by: self
        ) { room in
            room.copy(payload)
            return payload.count
        }
    }

    func datagramWasNotSent(_ payload: Int, _ error: SystemCallError) {
        self.association.downWasNotSent(payload, error)
    }

    func ready() {}

    func close() {
        self.association.worker.datagrams.table(of: self.association.listener.name).relays[self.key] = nil
        self.association.listener.directory.release(self.key)
    }
}

extension DatagramPort {
    func takeForRelay(
        _ datagram: ByteRegion,
        from source: SocketAddress,
        to local: IPAddress?,
        _ relay: Listener.Relay
    ) {
        let worker = self.worker
        let users = relay.hasUsers ? worker.directory.identities(for: relay.method) : nil
        let keys = RelayAcceptor.Keys(method: relay.method, key: relay.key, users: users, next: relay.identities)
        do throws(PacketRefusal) {
            let forwarded = try worker.datagrams.opener.forward(datagram, keys)
            let key = SessionKey(user: forwarded.user ?? 0, session: forwarded.id.session)
            let rest = datagram.region(forwarded.range)
            let customer = Customer(port: self, address: source, local: local)
            if let known = self.table.relays[key] { return try known.take(forwarded.id.number, rest, from: customer) }
            let loop = self.listener.directory.loop(of: key) ?? worker.number
            guard loop == worker.number else {
                let mail = DatagramMail(
                    payload: rest.array(),
                    number: forwarded.id.number,
                    target: nil,
                    source: source,
                    local: local
                )
                return self.pass(mail, of: key, to: loop)
            }
            let credential = forwarded.user.map { UserDirectory.Credential(number: $0) }
            guard let inlet = self.beginRelay(key, by: relay.next[forwarded.next], customer, for: credential) else {
                return
            }
            try inlet.take(forwarded.id.number, rest, from: customer)
        } catch {
            self.refuse(error)
        }
    }

    private func beginRelay(
        _ key: SessionKey,
        by exit: Exit,
        _ customer: Customer,
        for credential: UserDirectory.Credential?
    ) -> RelayInlet? {
        let listener = self.listener
        guard
            let association = self.worker.association(
                from: customer.address,
                at: listener,
                by: exit,
                for: credential,
                isProvisional: true
            )
        else {
            listener.datagrams[self.worker.number].countDropped()
            return nil
        }
        guard listener.directory.claim(key, for: self.worker.number) == self.worker.number else {
            self.worker.users.leave(association)
            return nil
        }
        let inlet = RelayInlet(key, customer: customer, for: association)
        self.table.relays[key] = inlet
        association.begin(inlet)
        return inlet
    }
}

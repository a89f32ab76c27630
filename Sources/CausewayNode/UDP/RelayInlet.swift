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
    var memory: Interval { SessionKey.memory }

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

    func take(
        _ number: UInt64,
        _ datagram: ByteRegion,
        from customer: Customer,
        by desk: DatagramDesk
    ) throws(PacketRefusal) {
        guard self.window.accepts(number) else { throw .replayed }
        self.window.commit(number)
        let association = self.association
        if number >= self.highest {
            self.highest = number
            guard association.follow(to: customer, from: &self.customer) else { return }
        }
        association.up(datagram, to: nil, by: desk)
    }

    func deliver(_ payload: ByteRegion, from source: Address, by desk: DatagramDesk) {
        self.customer.port.send(payload, to: self.customer, for: self, by: desk)
    }

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
        _ keys: RelayAcceptor.Keys,
        next: [Exit],
        by desk: DatagramDesk
    ) {
        do throws(PacketRefusal) {
            let forwarded = try desk.opener.forward(datagram, keys)
            let key = SessionKey(user: forwarded.user ?? 0, session: forwarded.id.session)
            let rest = datagram.region(forwarded.range)
            let customer = Customer(port: self, address: source, local: local)
            if let known = self.table.relays[key] {
                return try known.take(forwarded.id.number, rest, from: customer, by: desk)
            }
            if self.passOn(rest, forwarded.id.number, of: key, to: nil, from: customer) { return }
            let credential = forwarded.user.map { UserDirectory.Credential(number: $0) }
            let exit = next[forwarded.next]
            guard let association = self.claim(key, of: customer, by: exit, for: credential, isProvisional: true)
            else { return }
            let inlet = RelayInlet(key, customer: customer, for: association)
            self.table.relays[key] = inlet
            association.begin(inlet)
            try inlet.take(forwarded.id.number, rest, from: customer, by: desk)
        } catch {
            self.refuse(error)
        }
    }
}

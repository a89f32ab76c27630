import CausewayBytes
import CausewayIO

/// The inlet of an association at a `forward` listener: a customer is who sends from one address.
final class ForwardInlet: Inlet {
    var memory: Interval { Interval.seconds(0) }

    unowned let association: Association
    private let customer: Customer

    init(_ customer: Customer, for association: Association) {
        self.customer = customer
        self.association = association
    }

    func deliver(_ payload: ByteRegion, from source: Address, by desk: DatagramDesk) {
        self.customer.port.send(payload, to: self.customer, for: self, by: desk)
    }

    func close() {
        let table = self.association.worker.datagrams.table(of: self.association.listener.name)
        table.forwards[self.customer.address] = nil
    }
}

extension DatagramPort {
    func takeForward(
        _ datagram: ByteRegion,
        from source: SocketAddress,
        to local: IPAddress?,
        _ target: Address,
        by desk: DatagramDesk
    ) {
        if let known = self.table.forwards[source] { return known.association.up(datagram, to: target, by: desk) }
        let listener = self.listener
        guard
            let association = self.worker.association(from: source, at: listener, by: listener.exit, for: nil)
        else { return listener.datagrams[self.worker.number].countDropped() }
        let inlet = ForwardInlet(Customer(port: self, address: source, local: local), for: association)
        self.table.forwards[source] = inlet
        association.begin(inlet)
        association.up(datagram, to: target, by: desk)
    }
}

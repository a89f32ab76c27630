import CausewayBytes
import CausewayCore
import CausewayWire

/// Sessions of Shadowsocks clients, each of which lives on one loop, whichever loop's socket hears it.
extension DatagramPort {
    /// Makes a session one of this loop; `nil` where that must not be, or another loop was first in this moment, to which
    /// the customer's next datagram goes.
    func claim(
        _ key: SessionKey,
        of customer: Customer,
        by exit: Exit?,
        for credential: UserDirectory.Credential?,
        isProvisional: Bool = false
    ) -> Association? {
        let (worker, listener) = (self.worker, self.listener)
        guard
            let association = worker.association(
                from: customer.address,
                at: listener,
                by: exit,
                for: credential,
                isProvisional: isProvisional
            )
        else {
            listener.datagrams[worker.number].countDropped()
            return nil
        }
        guard listener.directory.claim(key, for: worker.number) == worker.number else {
            worker.users.leave(association)
            listener.datagrams[worker.number].countDropped()
            return nil
        }
        return association
    }

    /// Gives a datagram that is good in itself to the loop that has its session, if that is another one.
    ///
    /// - Parameter target: `nil` at a blind relay.
    func passOn(
        _ payload: ByteRegion,
        _ number: UInt64,
        of key: SessionKey,
        to target: Address?,
        from customer: Customer
    ) -> Bool {
        let (worker, listener, address) = (self.worker, self.listener, self.address)
        guard let loop = listener.directory.loop(of: key), loop != worker.number else { return false }
        guard listener.directory.beginPassing() else {
            listener.datagrams[worker.number].countDropped()
            return true
        }
        let mail = DatagramMail(
            payload: payload.array(),
            number: number,
            target: target,
            source: customer.address,
            local: customer.local
        )
        worker.shared.loops.execute(on: loop) { worker in
            listener.directory.endPassing()
            worker.take(mail, of: key, at: listener.name, address)
        }
        return true
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
        let desk = self.datagrams
        var payload = mail.payload
        payload.withByteRegion { payload in
            do throws(PacketRefusal) {
                if let target = mail.target, let inlet = port.table.tunnels[key] {
                    try inlet.accepts(mail.number)
                    inlet.take(mail.number, payload, to: target, from: customer, by: desk)
                } else if mail.target == nil, let inlet = port.table.relays[key] {
                    try inlet.take(mail.number, payload, from: customer, by: desk)
                }
            } catch {
                port.refuse(error)
            }
        }
        desk.settle()
    }
}

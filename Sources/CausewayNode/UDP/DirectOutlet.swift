import CausewayBytes
import CausewayCore
import CausewayIO
import Glibc

/// The outlet of an association to its targets themselves: one socket for each family that is used, from which all
/// targets are reached and at which any may answer, so that peers find each other behind it (RFC 4787 section 4.1).
final class DirectOutlet: Outlet {
    private static let batches = 8
    /// Names whose address is kept: a name's datagrams all go to one.
    private static let namesAtMost = 64

    private let policy: AddressPolicy
    private let exit: Exit
    unowned let association: Association
    private var v4 = AssociationSocket()
    private var v6 = AssociationSocket()
    /// `nil` while the name is being asked for.
    private var addresses: [Address: SocketAddress?] = [:]
    private var waiting = WaitingDatagrams()
    private var inquiries: [Address: NameInquiry] = [:]
    private var isClosed = false

    init(_ policy: AddressPolicy, of exit: Exit, for association: Association) {
        self.policy = policy
        self.exit = exit
        self.association = association
    }

    // MARK: - Sending

    func send(_ payload: ByteRegion, to target: Address?, by desk: DatagramDesk) {
        guard let target else { return }
        switch target.host {
        case .ip(let ip): self.send(payload, to: SocketAddress(ip: ip, port: target.port), as: target, by: desk)
        case .name(let name):
            if let known = self.addresses[target] {
                if let known { return self.send(payload, to: known, as: target, by: desk) }
                if !self.waiting.add(payload, to: target) { self.association.dropped() }
                return
            }
            if case .denied(let reason) = self.policy.verdict(forName: name, port: target.port) {
                return self.association.deny("\(reason)", target)
            }
            self.resolve(name, for: payload, to: target)
        }
    }

    private func resolve(_ name: DomainName, for payload: ByteRegion, to target: Address) {
        guard self.addresses.count < Self.namesAtMost, self.waiting.add(payload, to: target) else {
            if self.inquiries.isEmpty { self.addresses.removeAll() }
            return self.association.dropped()
        }
        self.addresses[target] = .some(nil)
        let worker = self.association.worker
        let inquiry = NameInquiry(self.exit.families, on: worker) { [weak self] found in
            self?.resolved(target, found)
            worker.datagrams.settle()
        }
        self.inquiries[target] = inquiry
        if let found = inquiry.begin(name) { self.resolved(target, found) }
    }

    private func resolved(_ target: Address, _ found: [IPAddress]) {
        guard !self.isClosed else { return }
        self.inquiries[target] = nil
        let waiting = self.waiting.take(to: target)
        guard let ip = found.first(where: { self.isReachable($0) }) else {
            self.addresses[target] = nil
            for _ in waiting { self.association.dropped() }
            return
        }
        let address = SocketAddress(ip: ip, port: target.port)
        self.addresses[target] = .some(address)
        let desk = self.association.worker.datagrams
        for var datagram in waiting {
            datagram.payload.withByteRegion { self.send($0, to: address, as: target, by: desk) }
        }
    }

    /// Whether the host has a way to `ip`.
    private func isReachable(_ ip: IPAddress) -> Bool {
        (try? DatagramSocket.connected(to: SocketAddress(ip: ip, port: 9), options: self.exit.dial)) != nil
    }

    private func send(
        _ payload: ByteRegion,
        to address: SocketAddress,
        as target: Address,
        by desk: DatagramDesk
    ) {
        // The datagram before may have used up the quota, and then there is no association any more.
        guard !self.isClosed else { return }
        let association = self.association
        if case .denied(let reason) = self.policy.verdict(for: address) {
            return association.deny("\(reason)", target)
        }
        guard self.open(address.ip.family), association.charge(up: payload.count), !self.isClosed else { return }
        let room: ByteRegion
        switch address.ip.family {
        case .v4: room = desk.queue.room(payload.count, for: self.v4.socket)
        case .v6: room = desk.queue.room(payload.count, for: self.v6.socket)
        }
        room.copy(payload)
        desk.queue.append(payload.count, payload: payload.count, to: address, from: nil, by: self)
    }

    /// Makes the family's socket, unless there is one.
    private func open(_ family: AddressFamily) -> Bool {
        switch family {
        case .v4 where self.v4.isOpen: return true
        case .v6 where self.v6.isOpen: return true
        case .v4, .v6: break
        }
        let loop = self.association.worker.loop
        do throws(SystemCallError) {
            let socket = try DatagramSocket.open(family, options: self.exit.dial)
            let tag = family == .v4 ? Association.outletTag : Association.secondOutletTag
            let watched = try AssociationSocket(socket, on: loop, to: self.association.token, tag: tag)
            switch family {
            case .v4: self.v4 = watched
            case .v6: self.v6 = watched
            }
            return true
        } catch {
            self.association.worker.note(.connectFailed, error.description, at: self.exit.name)
            self.association.dropped()
            return false
        }
    }

    // MARK: - Receiving

    func ready(_ tag: UInt8, by desk: DatagramDesk) {
        let association = self.association
        let (loop, batch) = (desk.loop, desk.batch)
        let isV4 = tag == Association.outletTag
        for _ in 0..<Self.batches {
            guard isV4 ? self.v4.isOpen : self.v6.isOpen else { return }
            guard !association.restsDown() else {
                if isV4 { self.v4.rest(on: loop) } else { self.v6.rest(on: loop) }
                return
            }
            let received = isV4 ? self.v4.receive(batch, on: loop) : self.v6.receive(batch, on: loop)
            for index in 0..<received.count {
                guard let source = batch.source(index) else { continue }
                batch.forEachSegment(index) { association.down($0, from: Address(source), by: desk) }
            }
            if received.isAll { return }
        }
        loop.yield(association.token)
    }

    func close() {
        self.isClosed = true
        for inquiry in self.inquiries.values { inquiry.cancel() }
        self.inquiries = [:]
        self.v4.close()
        self.v6.close()
    }
}

import CausewayBytes
import CausewayIO
import Logging

/// The sockets that a node listens at.
extension Node {
    /// What takes connections at all addresses of the plan, at sockets that listen already where there are some.
    func acceptors(_ workers: [Worker], _ inherited: inout InheritedSockets) throws(StartError) -> [Acceptor] {
        var acceptors: [Acceptor] = []
        for listener in self.plan.present.listeners {
            for address in listener.addresses {
                do throws(SystemCallError) {
                    for (loop, socket) in try inherited.take(address, loops: workers.count) {
                        let socket = try Socket.inherited(socket)
                        acceptors.append(Acceptor(socket, at: address, listener: listener, worker: workers[loop]))
                    }
                } catch {
                    throw .listen(listener: listener.name, address: "\(address)", reason: error.description)
                }
                if acceptors.last?.address != address {
                    acceptors += try Self.acceptors(at: address, of: listener, workers)
                }
            }
        }
        return acceptors
    }

    /// What takes connections at an address, one for each loop; the sockets listen, and nobody accepts yet.
    static func acceptors(
        at address: SocketAddress,
        of listener: Listener,
        _ workers: [Worker]
    ) throws(StartError) -> [Acceptor] {
        do throws(SystemCallError) {
            // SO_REUSEPORT would let a second node share the port unnoticed: one socket without it asks first.
            try Socket.checkFree(address)
            var acceptors: [Acceptor] = []
            for worker in workers {
                let socket = try Socket.listening(on: address, backlog: Self.backlog, options: listener.socket)
                acceptors.append(Acceptor(socket, at: address, listener: listener, worker: worker))
            }
            return acceptors
        } catch {
            throw .listen(listener: listener.name, address: "\(address)", reason: error.reason)
        }
    }

    /// What takes datagrams at the addresses of the plan that have some, at sockets that are there already where there
    /// are.
    func datagramPorts(_ workers: [Worker], _ inherited: inout InheritedSockets) throws(StartError) -> [DatagramPort] {
        var ports: [DatagramPort] = []
        for listener in self.plan.present.listeners where listener.listensForDatagrams {
            for address in listener.addresses {
                do throws(SystemCallError) {
                    for (loop, socket) in inherited.takeDatagrams(address, loops: workers.count) {
                        let socket = try DatagramSocket.inherited(socket, isWhole: listener.sendsWholeDatagrams)
                        ports.append(DatagramPort(socket, at: address, listener: listener, worker: workers[loop]))
                    }
                } catch {
                    throw .listen(listener: listener.name, address: "\(address)", reason: error.description)
                }
                if ports.last?.address != address {
                    ports += try Self.datagramPorts(at: address, of: listener, workers)
                }
            }
        }
        return ports
    }

    /// What takes datagrams at an address, one for each loop; nobody reads yet.
    static func datagramPorts(
        at address: SocketAddress,
        of listener: Listener,
        _ workers: [Worker]
    ) throws(StartError) -> [DatagramPort] {
        do throws(SystemCallError) {
            try DatagramSocket.checkFree(address)
            var ports: [DatagramPort] = []
            for worker in workers {
                let socket = try DatagramSocket.listening(on: address, isWhole: listener.sendsWholeDatagrams)
                ports.append(DatagramPort(socket, at: address, listener: listener, worker: worker))
            }
            return ports
        } catch {
            let reason = "\(error.reason) (\"udp: false\" leaves UDP out)"
            throw .listen(listener: listener.name, address: "UDP \(address)", reason: reason)
        }
    }
}

import CausewayBytes

// The sections that concern the node as a whole.
extension ConfigurationReader {
    func dns(_ root: Fields) -> Configuration.DNS? {
        let defaults = Configuration.DNS(servers: [], cache: Configuration.DNS.defaultCache)
        return root.value("dns", default: defaults) { field in
            guard let fields = field.fields("servers", "cache") else { return nil }
            let servers = fields.value("servers", default: defaults.servers) { $0.listOrOne { $0.serverAddress() } }
            let cache = fields.value("cache", default: defaults.cache) { $0.number(in: 0...1_000_000) }
            guard let servers, let cache else { return nil }
            return Configuration.DNS(servers: servers, cache: cache)
        }
    }

    func log(_ root: Fields) -> Configuration.Log? {
        let defaults = Configuration.Log(level: .info, destinations: false, clients: false)
        return root.value("log", default: defaults) { field in
            guard let fields = field.fields("level", "destinations", "clients") else { return nil }
            let level = fields.value("level", default: defaults.level) { $0.choice(Configuration.Log.Level.self) }
            let destinations = fields.value("destinations", default: defaults.destinations) { $0.flag() }
            let clients = fields.value("clients", default: defaults.clients) { $0.flag() }
            guard let level, let destinations, let clients else { return nil }
            return Configuration.Log(level: level, destinations: destinations, clients: clients)
        }
    }

    func limits(_ root: Fields) -> Configuration.Limits? {
        let defaults = Configuration.Limits(
            buffers: Configuration.Limits.defaultBuffers,
            sessions: Configuration.Limits.defaultSessions,
            associations: Configuration.Limits.defaultAssociations
        )
        return root.value("limits", default: defaults) { field in
            guard let fields = field.fields("buffers", "sessions", "associations") else { return nil }
            let buffers = fields.value("buffers", default: defaults.buffers) { field in
                field.parsed("a number of bytes such as \"256 MiB\", from 1 MiB to 1 TiB") { text in
                    ByteCount(text).flatMap { (1 << 20...1 << 40).contains($0.bytes) ? $0 : nil }
                }
            }
            let sessions = fields.value("sessions", default: defaults.sessions) { $0.number(in: 1...100_000_000) }
            let associations = fields.value("associations", default: defaults.associations) {
                $0.number(in: 1...100_000_000)
            }
            guard let buffers, let sessions, let associations else { return nil }
            return Configuration.Limits(buffers: buffers, sessions: sessions, associations: associations)
        }
    }
}

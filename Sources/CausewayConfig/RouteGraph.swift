/// Where traffic can go from where, in one node.
struct RouteGraph {
    enum Vertex: Hashable {
        /// A listener, by its index.
        case listener(Int)
        /// An exit, by its name.
        case exit(String)
    }

    private var ways: [Vertex: [Vertex]] = [:]

    mutating func connect(_ from: Vertex, _ to: Vertex) {
        self.ways[from, default: []].append(to)
    }

    /// A shortest way, both ends included; `nil` where there is none.
    func path(from start: Vertex, to end: Vertex) -> [Vertex]? {
        var origins: [Vertex: Vertex] = [start: start]
        var reached = [start]
        var next = 0
        while next < reached.count {
            let vertex = reached[next]
            next += 1
            if vertex == end {
                var path = [end]
                while let last = path.last, let origin = origins[last], origin != last { path.append(origin) }
                return path.reversed()
            }
            for neighbour in self.ways[vertex] ?? [] where origins[neighbour] == nil {
                origins[neighbour] = vertex
                reached.append(neighbour)
            }
        }
        return nil
    }
}
